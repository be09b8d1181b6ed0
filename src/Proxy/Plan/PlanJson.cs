using System.Text.Encodings.Web;
using System.Text.Json;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Verify;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Semantics;

namespace KubeProxySharp.Proxy.Plan;

/// <summary>Writes a plan as JSON, for programs. Names stay as they are in later versions; others may be added.</summary>
internal static class PlanJson
{
    /// <summary>Writes it.</summary>
    public static void Write(PlanReport report, Stream output)
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("node", report.NodeName);
        json.WriteString("mode", report.Mode);
        json.WriteString("takenOverMode", report.TakenOverMode);
        json.WriteBoolean("hasChanges", report.HasChanges);
        json.WriteString("refusal", report.Refusal);
        json.WriteNumber("destinations", report.Compared);
        json.WriteNumber("leadToEndpoints", report.LeadToEndpoints);
        json.WriteNumber("loseEndpoints", report.LoseEndpoints);
        json.WriteStartArray("changes");
        report.Changes.ForEach(change => Write(change, json));
        json.WriteEndArray();
        json.WriteStartObject("touched");
        foreach ((IpFamily family, RuleTouches touched) in report.Touches)
        {
            json.WriteStartObject($"{family}".ToLowerInvariant());
            json.WriteNumber("rulesAdded", touched.RulesAdded);
            json.WriteNumber("rulesRemoved", touched.RulesRemoved);
            json.WriteNumber("chainsAdded", touched.ChainsAdded);
            json.WriteNumber("chainsRemoved", touched.ChainsRemoved);
            json.WriteNumber("elementsAdded", touched.ElementsAdded);
            json.WriteNumber("elementsRemoved", touched.ElementsRemoved);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        if (report.Flows is { } flows)
        {
            Write(flows, json);
        }

        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    private static void Write(ServiceChange change, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("service", change.Service);
        json.WriteString("kind", $"{change.Kind}".ToLowerInvariant());
        json.WriteStartArray("destinations");
        foreach (FrontendAddress frontend in change.Frontends)
        {
            json.WriteStringValue(frontend.ToString());
        }

        json.WriteEndArray();
        json.WriteStartArray("what");
        foreach (string word in change.Words)
        {
            json.WriteStringValue(word);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(FlowFindings flows, Utf8JsonWriter json)
    {
        json.WriteStartObject("flows");
        json.WriteNumber("seen", flows.Seen);
        json.WriteNumber("ofServices", flows.OfServices);
        json.WriteStartObject("affected");
        foreach ((FlowVerdict reason, long count) in flows.StaleByReason)
        {
            json.WriteNumber(VerifyJson.NameOf(reason), count);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}

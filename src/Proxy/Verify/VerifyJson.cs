using System.Text.Json;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Verify;

/// <summary>Writes a report as JSON, for programs. Names stay as they are in later versions; others may be added.</summary>
internal static class VerifyJson
{
    /// <summary>Writes it.</summary>
    public static void Write(VerifyReport report, Stream output)
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("node", report.NodeName);
        json.WriteString("mode", report.Mode);
        json.WriteNumber("findings", report.Findings);
        if (report.Flows is { } flows)
        {
            Write(flows, json);
        }

        if (report.Rules is { } rules)
        {
            Write(rules, json);
        }

        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    /// <summary>The name of a reason.</summary>
    public static string NameOf(FlowVerdict reason) => reason switch
    {
        FlowVerdict.EndpointGone => "endpoint-gone",
        FlowVerdict.NoEndpoints => "no-endpoints",
        FlowVerdict.ServiceGone => "service-gone",
        FlowVerdict.NotTranslated => "not-translated",
        _ => "none",
    };

    private static void Write(FlowFindings flows, Utf8JsonWriter json)
    {
        json.WriteStartObject("flows");
        json.WriteNumber("seen", flows.Seen);
        json.WriteNumber("ofServices", flows.OfServices);
        json.WriteNumber("unreplied", flows.Unreplied);
        json.WriteStartObject("staleByReason");
        foreach ((FlowVerdict reason, long count) in flows.StaleByReason)
        {
            json.WriteNumber(NameOf(reason), count);
        }

        json.WriteEndObject();
        json.WriteStartArray("stale");
        flows.Stale.ForEach(stale => Write(stale, json));
        json.WriteEndArray();
        json.WriteStartArray("services");
        flows.Services.ForEach(service => Write(service, json));
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(StaleFlow stale, Utf8JsonWriter json)
    {
        ConntrackTuple original = stale.Flow.Original;
        json.WriteStartObject();
        json.WriteString("reason", NameOf(stale.Reason));
        json.WriteString("protocol", ((TransportProtocol)original.Protocol).ToUpperText());
        json.WriteString("source", VerifyText.Address(original.Source, original.SourcePort));
        json.WriteString("destination", VerifyText.Address(original.Destination, original.DestinationPort));
        json.WriteString("goesTo", VerifyText.Address(stale.Flow.Reply.Source, stale.Flow.Reply.SourcePort));
        json.WriteString("shouldBe", stale.Wanted);
        json.WriteString("service", stale.Service);
        if (stale.Age is { } age)
        {
            json.WriteNumber("ageSeconds", (long)age.TotalSeconds);
        }

        json.WriteEndObject();
    }

    private static void Write(ServiceFlows service, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("service", service.Title);
        json.WriteNumber("flows", service.Flows);
        json.WriteNumber("unreplied", service.Unreplied);
        json.WriteString("verdict", service.Verdict);
        if (service.Probability is { } probability)
        {
            json.WriteNumber("probability", probability);
        }

        json.WriteStartArray("endpoints");
        foreach (EndpointFlows endpoint in service.Endpoints)
        {
            json.WriteStartObject();
            json.WriteString("endpoint", endpoint.Endpoint.ToString());
            json.WriteNumber("flows", endpoint.Flows);
            json.WriteNumber("share", Math.Round(endpoint.Share, 6));
            if (endpoint.Expected is { } expected)
            {
                json.WriteNumber("expectedShare", Math.Round(expected, 6));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(RuleFindings rules, Utf8JsonWriter json)
    {
        json.WriteStartObject("rules");
        json.WriteNumber("compared", rules.Compared);
        json.WriteNumber("missing", rules.Missing);
        json.WriteNumber("changed", rules.Changed);
        json.WriteNumber("foreign", rules.Foreign);
        json.WriteStartArray("differences");
        foreach (RuleDifference difference in rules.Differences)
        {
            json.WriteStartObject();
            json.WriteString("kind", difference.Kind);
            json.WriteString("destination", difference.Frontend.ToString());
            json.WriteString("service", difference.Service);
            json.WriteString("expected", difference.Expected);
            json.WriteString("actual", difference.Actual);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

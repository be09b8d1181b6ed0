using System.Text.Json;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Explain;

/// <summary>Writes an explanation as JSON, for programs. Names stay as they are in later versions; others may be added.</summary>
internal static class ExplainJson
{
    /// <summary>Writes it.</summary>
    public static void Write(Explanation explanation, Stream output)
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        Write(explanation.Question, json);
        json.WriteString("node", explanation.NodeName);
        json.WriteBoolean("agree", !explanation.HasDisagreement);
        json.WriteStartArray("walks");
        foreach (ExplainedWalk walk in explanation.Walks)
        {
            Write(walk, json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    private static void Write(PacketQuestion question, Utf8JsonWriter json)
    {
        json.WriteStartObject("packet");
        json.WriteString("source", question.Source.ToString());
        json.WriteNumber("sourcePort", question.SourcePort);
        json.WriteString("sourceIs", question.SourceWords);
        json.WriteString("destination", question.Destination.ToString());
        json.WriteNumber("destinationPort", question.Port);
        json.WriteString("protocol", question.ProtocolText);
        if (question.Interface is null)
        {
            json.WriteNull("inputInterface");
        }
        else
        {
            json.WriteString("inputInterface", question.Interface);
        }

        json.WriteNumber("mark", question.Mark);
        Write("assumptions", question.Assumptions, json);
        json.WriteEndObject();
    }

    private static void Write(ExplainedWalk walk, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("rules", walk.Title);
        json.WriteString("answer", walk.Answer);
        json.WriteBoolean("isCertain", !walk.Ways.Any(way => way.IsUncertain));
        json.WriteBoolean("isComparedWithModel", walk.HasModel);
        Write("disagreements", walk.Disagreements, json);
        json.WriteStartArray("reasons");
        foreach (ModelReason reason in walk.Reasons)
        {
            json.WriteStartObject();
            json.WriteString("text", reason.Text);
            json.WriteString("object", reason.Owner);
            json.WriteString("field", reason.Field);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("ways");
        foreach (ExplainedWay way in walk.Ways)
        {
            Write(way, json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(ExplainedWay way, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("probability", Math.Round(way.Probability, 6));
        json.WriteString("verdict", VerdictText(way.Verdict));
        json.WriteBoolean("isCertain", !way.IsUncertain);
        WriteOrNull("target", way.Target?.ToString(), json);
        json.WriteString("targetIs", way.TargetWords);
        json.WriteBoolean("isMasqueraded", way.IsMasqueraded);
        WriteOrNull("masqueradeAddress", way.MasqueradeAddress?.ToString(), json);
        json.WriteNumber("affinitySeconds", way.AffinitySeconds);
        WriteOrNull("conntrack", way.Conntrack.Length == 0 ? null : way.Conntrack, json);
        Write("reply", way.Reply, json);
        json.WriteStartArray("trace");
        foreach (WalkTraceEntry entry in way.Trace)
        {
            json.WriteStartObject();
            json.WriteString("hook", entry.Hook.ToString().ToUpperInvariant());
            json.WriteString("table", entry.Table);
            json.WriteString("chain", entry.Chain);
            json.WriteNumber("position", entry.Position);
            json.WriteString("rule", entry.Rule);
            json.WriteString("comment", entry.Comment);
            json.WriteString("effect", entry.Effect);
            json.WriteString("jumpsTo", entry.JumpsTo);
            json.WriteBoolean("mayMatch", entry.IsDoubtful);
            Write("because", entry.Reasons, json);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string VerdictText(WalkVerdict verdict) => verdict switch
    {
        WalkVerdict.Drop => "drop",
        WalkVerdict.Reject => "reject",
        _ => "accept",
    };

    private static void Write(string name, IReadOnlyList<string> texts, Utf8JsonWriter json)
    {
        json.WriteStartArray(name);
        foreach (string text in texts)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }

    private static void WriteOrNull(string name, string? text, Utf8JsonWriter json)
    {
        if (text is null)
        {
            json.WriteNull(name);
        }
        else
        {
            json.WriteString(name, text);
        }
    }
}

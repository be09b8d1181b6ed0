using System.Text.Json;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Semantics;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Compare;

/// <summary>Writes a report as JSON, for programs. Names stay as they are in later versions; others may be added.</summary>
internal static class CompareJson
{
    /// <summary>The most ways of one side of a difference.</summary>
    private const int MostWays = 16;

    /// <summary>Writes it.</summary>
    public static void Write(CompareReport report, Stream output)
    {
        using Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("verdict", report.Verdict);
        json.WriteString("a", report.TitleA);
        json.WriteString("b", report.TitleB);
        json.WriteBoolean("comparesAllRules", report.ComparesAllRules);
        json.WriteNumber("different", report.Different);
        json.WriteNumber("uncertain", report.Uncertain);
        json.WriteStartArray("nodeAddresses");
        foreach (IpAddress address in report.NodeAddresses)
        {
            json.WriteStringValue(address.ToString());
        }

        json.WriteEndArray();
        json.WriteStartArray("families");
        foreach (FamilyComparison family in report.Families)
        {
            Write(family, json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.Flush();
        output.WriteByte((byte)'\n');
    }

    private static void Write(FamilyComparison family, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("family", family.Family.ToString());
        if (family.NotCompared.Length != 0)
        {
            json.WriteString("notCompared", family.NotCompared);
            json.WriteEndObject();
            return;
        }

        json.WriteNumber("destinations", family.Destinations);
        json.WriteStartArray("origins");
        foreach (TrafficOrigin origin in family.Origins)
        {
            json.WriteStringValue(origin.ToString());
        }

        json.WriteEndArray();
        json.WriteStartObject("ignored");
        foreach ((string name, int count) in family.Ignored)
        {
            json.WriteNumber(name, count);
        }

        json.WriteEndObject();
        json.WriteNumber("differences", family.Differences.Count);
        json.WriteStartArray("listed");
        foreach (ShownDifference shown in family.Differences.Take(CompareReport.ListLimit))
        {
            Write(shown, json);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(ShownDifference shown, Utf8JsonWriter json)
    {
        RulesetDifference difference = shown.Difference;
        json.WriteStartObject();
        json.WriteString("destination", PacketText.Destination(difference.PacketA));
        json.WriteString("service", shown.Service);
        json.WriteBoolean("uncertain", difference.IsUncertain);
        if (difference.Mode is { } mode)
        {
            json.WriteString("documented", mode.Name);
        }

        json.WriteNumber("classes", difference.Classes);
        json.WriteString("packet", PacketText.Describe(difference));
        Write(difference, json);
        Write("a", difference.A, shown.WaysA, json);
        Write("b", difference.B, shown.WaysB, json);
        json.WriteEndObject();
    }

    /// <summary>The packet field by field, as it can be given to explain.</summary>
    private static void Write(RulesetDifference difference, Utf8JsonWriter json)
    {
        WalkPacket packet = difference.PacketA;
        json.WriteStartObject("fields");
        json.WriteString("source", IpAddress.FromBits(packet.Source.First).ToString());
        json.WriteNumber("sourcePort", packet.SourcePort);
        json.WriteString("destination", packet.Destination.ToString());
        json.WriteNumber("destinationPort", packet.DestinationPort);
        json.WriteString("protocol", PacketText.Protocol(packet.Protocol));
        json.WriteString("inputInterface", packet.InputInterface);
        json.WriteString("outputInterface", packet.OutputInterface);
        json.WriteNumber("mark", packet.Mark);
        json.WriteString("state", PacketText.Describe(packet.State));
        json.WriteStartArray("knownTo");
        foreach (string endpoint in difference.KnownEndpoints)
        {
            json.WriteStringValue(endpoint);
        }

        json.WriteEndArray();
        json.WriteStartArray("assuming");
        foreach ((string match, bool isTrue) in difference.Assumptions)
        {
            json.WriteStartObject();
            json.WriteString("match", match);
            json.WriteBoolean("isTrue", isTrue);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(string side, IReadOnlyList<ResultShare> shares, IReadOnlyList<WalkOutcome> ways, Utf8JsonWriter json)
    {
        json.WriteStartObject(side);
        json.WriteStartArray("results");
        foreach ((WalkResult result, double share) in shares)
        {
            json.WriteStartObject();
            json.WriteString("result", result.ToString());
            json.WriteNumber("share", Math.Round(share, 9));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("ways");
        foreach (WalkOutcome way in ways.Take(MostWays))
        {
            json.WriteStartObject();
            json.WriteNumber("share", Math.Round(way.Probability, 9));
            json.WriteStartArray("steps");
            foreach (WalkTraceEntry entry in way.Trace)
            {
                json.WriteStringValue(WayTexts.Describe(entry));
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}

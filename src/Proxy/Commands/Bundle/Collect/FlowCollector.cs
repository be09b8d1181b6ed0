using System.Text;
using System.Text.Json;
using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Text;
using KubeProxySharp.Proxy.Commands.Inputs.Bundles;
using KubeProxySharp.Proxy.Host;

namespace KubeProxySharp.Proxy.Commands.Bundle.Collect;

/// <summary>Collects the conntrack table over netlink; the program conntrack is not needed.</summary>
/// <param name="collection">Receives it.</param>
/// <param name="files">The files below /proc.</param>
internal sealed class FlowCollector(Collection collection, KernelFiles files)
{
    private const string Source = "netlink (ctnetlink)";

    /// <summary>The most flows that are written; the summary counts all of them.</summary>
    private const int MostFlows = 500_000;

    /// <summary>Collects.</summary>
    public void Collect()
    {
        StringBuilder text = new();
        long kept = 0;
        bool isFull = false;
        FlowSummary summary = new();
        try
        {
            using ConntrackTable table = ConntrackTable.Open();
            using ConntrackDump dump = table.Dump(ConntrackFilter.All);
            while (dump.MoveNext())
            {
                ConntrackEntry flow = dump.Current;
                summary.Add(flow);
                if (isFull)
                {
                    continue;
                }

                int before = text.Length;
                FlowText.AppendLine(text, flow);
                isFull = kept == MostFlows || text.Length > BundlePart.Flows.MostBytes; // the text is ASCII
                (text.Length, kept) = isFull ? (before, kept) : (text.Length, kept + 1);
            }

            if (dump.IsInterrupted)
            {
                collection.Remark(BundlePart.Flows, "not whole: the kernel changed the table while it was listed");
            }
        }
        catch (NetlinkException e)
        {
            collection.Miss(BundlePart.Flows, e.Message);
            return;
        }

        if (isFull)
        {
            collection.Remark(BundlePart.Flows, $"not whole: the first {kept} of {summary.Flows} flows are in it");
        }

        collection.Add(BundlePart.Flows, Encoding.UTF8.GetBytes(text.ToString()), Source);
        collection.Add(BundlePart.FlowSummary, summary.ToJson(Setting("nf_conntrack_count"), Setting("nf_conntrack_max")), Source);
    }

    private long? Setting(string name)
    {
        try
        {
            return long.TryParse(files.Read($"proc/sys/net/netfilter/{name}"), out long value) ? value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Numbers of flows.</summary>
    private sealed class FlowSummary
    {
        private readonly SortedDictionary<string, long> _byProtocol = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, long> _byTcpState = new(StringComparer.Ordinal);
        private long _unreplied;
        private long _translated;
        private long _offloaded;

        public long Flows { get; private set; }

        public void Add(in ConntrackEntry flow)
        {
            Flows++;
            Count(_byProtocol, $"{flow.Family}/{flow.Protocol}");
            if (flow.TcpState != TcpState.None)
            {
                Count(_byTcpState, $"{flow.TcpState}");
            }

            _unreplied += flow.HasReply ? 0 : 1;
            _translated += flow.IsDestinationTranslated ? 1 : 0;
            _offloaded += (flow.Status & (ConntrackStatus.Offload | ConntrackStatus.HardwareOffload)) != 0 ? 1 : 0;
        }

        public byte[] ToJson(long? count, long? limit)
        {
            using MemoryStream output = new();
            using (Utf8JsonWriter json = new(output, new JsonWriterOptions { Indented = true }))
            {
                json.WriteStartObject();
                json.WriteNumber("flows"u8, Flows);
                Number(json, "nf_conntrack_count", count);
                Number(json, "nf_conntrack_max", limit);
                json.WriteNumber("unreplied"u8, _unreplied);
                json.WriteNumber("destinationTranslated"u8, _translated);
                json.WriteNumber("offloaded"u8, _offloaded);
                Numbers(json, "byFamilyAndProtocol", _byProtocol);
                Numbers(json, "byTcpState", _byTcpState);
                json.WriteEndObject();
            }

            return output.ToArray();
        }

        private static void Count(SortedDictionary<string, long> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

        private static void Number(Utf8JsonWriter json, string name, long? value)
        {
            if (value is { } known)
            {
                json.WriteNumber(name, known);
            }
        }

        private static void Numbers(Utf8JsonWriter json, string name, SortedDictionary<string, long> counts)
        {
            json.WriteStartObject(name);
            foreach ((string key, long count) in counts)
            {
                json.WriteNumber(key, count);
            }

            json.WriteEndObject();
        }
    }
}

using System.Globalization;
using System.Text;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Text;

/// <summary>
/// Writes flows as <c>conntrack -L -o extended,id</c> does (snprintf_default.c of libnetfilter_conntrack), so that <see cref="ConntrackText"/>
/// reads them back. Fields of conntrack that this program does not read (helper, labels, security context) are not written.
/// </summary>
public static class FlowText
{
    /// <summary>Adds one flow, with the end of the line.</summary>
    /// <param name="text">Receives the line.</param>
    /// <param name="flow">The flow.</param>
    public static void AppendLine(StringBuilder text, in ConntrackEntry flow)
    {
        ArgumentNullException.ThrowIfNull(text);
        string family = flow.Family == IpFamily.IPv4 ? "ipv4     2" : "ipv6     10";
        text.Append(CultureInfo.InvariantCulture, $"{family} {ProtocolName(flow.Protocol),-8} {flow.Protocol}");
        if ((flow.Status & (ConntrackStatus.Offload | ConntrackStatus.HardwareOffload)) == 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" {flow.TimeoutSeconds}");
        }

        if (flow.Protocol == 6)
        {
            text.Append(' ').Append(StateNames.Of(flow.TcpState));
        }
        else if (flow.Protocol == 132)
        {
            text.Append(' ').Append(StateNames.Of(flow.SctpState));
        }

        // With nf_conntrack_acct both directions have counters, also of zero: a reader assigns them by their order.
        bool hasCounters = flow.OriginalCounters != default || flow.ReplyCounters != default;
        Append(text, flow.Original, flow.OriginalCounters, hasCounters);
        text.Append(flow.HasReply ? "" : " [UNREPLIED]");
        Append(text, flow.Reply, flow.ReplyCounters, hasCounters);
        text.Append(flow.Status.HasFlag(ConntrackStatus.HardwareOffload) ? " [HW_OFFLOAD]" : "");
        text.Append(flow.Status.HasFlag(ConntrackStatus.Offload) ? " [OFFLOAD]" : "");
        text.Append(flow.Status.HasFlag(ConntrackStatus.Assured) ? " [ASSURED]" : "");
        text.Append(CultureInfo.InvariantCulture, $" mark={flow.Mark}");
        if (flow.Zone != 0)
        {
            string key = flow.ZoneScope switch { ZoneScope.Original => "zone-orig", ZoneScope.Reply => "zone-reply", _ => "zone" };
            text.Append(CultureInfo.InvariantCulture, $" {key}={flow.Zone}");
        }

        if (flow.Id != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $" id={flow.Id}");
        }

        if (flow.StartedAt is { } start)
        {
            text.Append(CultureInfo.InvariantCulture, $" [start={start.UtcDateTime:ddd MMM d HH:mm:ss yyyy}]");
        }

        text.Append('\n');
    }

    private static void Append(StringBuilder text, in ConntrackTuple tuple, FlowCounters counters, bool hasCounters)
    {
        text.Append(CultureInfo.InvariantCulture, $" {Tuple(tuple)}");
        if (hasCounters)
        {
            text.Append(CultureInfo.InvariantCulture, $" packets={counters.Packets} bytes={counters.Bytes}");
        }
    }

    private static string Tuple(in ConntrackTuple tuple)
    {
        string ends = $"src={Address(tuple.Source, tuple.Family)} dst={Address(tuple.Destination, tuple.Family)}";
        bool hasPorts = tuple.Protocol is 6 or 17 or 33 or 132 or 136 || (tuple.SourcePort | tuple.DestinationPort) != 0;
        return tuple.IsIcmp ? string.Create(CultureInfo.InvariantCulture, $"{ends} type={tuple.IcmpType} code={tuple.IcmpCode} id={tuple.IcmpId}")
            : hasPorts ? string.Create(CultureInfo.InvariantCulture, $"{ends} sport={tuple.SourcePort} dport={tuple.DestinationPort}")
            : ends;
    }

    /// <summary>An IPv6 flow may have IPv4-mapped addresses, whose form shows the family of the flow.</summary>
    private static string Address(IpAddress address, IpFamily family) => family == IpFamily.IPv6 && address.IsIPv4 ? $"::ffff:{address}" : address.ToString();

    /// <summary>The name of a protocol as conntrack prints it (/etc/protocols).</summary>
    private static string ProtocolName(byte protocol) => protocol switch
    {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        33 => "dccp",
        47 => "gre",
        58 => "icmpv6",
        132 => "sctp",
        136 => "udplite",
        _ => "unknown",
    };
}

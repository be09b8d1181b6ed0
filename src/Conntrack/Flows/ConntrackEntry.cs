using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Flows;

/// <summary>A flow in the conntrack table. It is a value: a copy does not change when further flows are read.</summary>
public readonly record struct ConntrackEntry
{
    /// <summary>The direction of the first packet, before translation.</summary>
    public ConntrackTuple Original { get; init; }

    /// <summary>The direction of the answers as they arrive: source is what the destination was translated to.</summary>
    public ConntrackTuple Reply { get; init; }

    /// <summary>The status bits.</summary>
    public ConntrackStatus Status { get; init; }

    /// <summary>The connection mark.</summary>
    public uint Mark { get; init; }

    /// <summary>
    /// The kernel's identity of the flow (CTA_ID), which differs from that of a later flow with the same tuples. 0 when a text
    /// listing does not contain it.
    /// </summary>
    public uint Id { get; init; }

    /// <summary>Seconds until the flow expires without packets; 0 when unknown, as for offloaded flows.</summary>
    public uint TimeoutSeconds { get; init; }

    /// <summary>When the flow began, in nanoseconds since 1970; 0 without <c>nf_conntrack_timestamp=1</c>.</summary>
    public ulong StartNanoseconds { get; init; }

    /// <summary>The counters of the original direction; zero without <c>nf_conntrack_acct=1</c>.</summary>
    public FlowCounters OriginalCounters { get; init; }

    /// <summary>The counters of the reply direction; zero without <c>nf_conntrack_acct=1</c>.</summary>
    public FlowCounters ReplyCounters { get; init; }

    /// <summary>The zone; 0 is the default zone.</summary>
    public ushort Zone { get; init; }

    /// <summary>The directions that the zone applies to.</summary>
    public ZoneScope ZoneScope { get; init; }

    /// <summary>The state of a TCP connection; None for other protocols.</summary>
    public TcpState TcpState { get; init; }

    /// <summary>The state of an SCTP association; None for other protocols.</summary>
    public SctpState SctpState { get; init; }

    /// <summary>The IP protocol number of the original direction.</summary>
    public byte Protocol => Original.Protocol;

    /// <summary>The family of the packets.</summary>
    public IpFamily Family => Original.Family;

    /// <summary>Whether answers were seen.</summary>
    public bool HasReply => (Status & ConntrackStatus.SeenReply) != 0;

    /// <summary>Whether the destination is translated, by any rule.</summary>
    public bool IsDestinationTranslated =>
        Reply.Source != Original.Destination || (!Original.IsIcmp && Reply.SourcePort != Original.DestinationPort);

    /// <summary>Time until the flow expires without packets.</summary>
    public TimeSpan Timeout => TimeSpan.FromSeconds(TimeoutSeconds);

    /// <summary>When the flow began; null when the kernel does not record it.</summary>
    public DateTimeOffset? StartedAt => StartNanoseconds is 0 or > long.MaxValue
        ? null
        : DateTimeOffset.UnixEpoch.AddTicks((long)(StartNanoseconds / TimeSpan.NanosecondsPerTick));

    /// <summary>The two directions, for logs.</summary>
    public override string ToString() => $"{Protocol} {Original} {Reply} zone={Zone} id={Id}";
}

/// <summary>Counters of one direction of a flow; the kernel counts only with <c>nf_conntrack_acct=1</c>.</summary>
/// <param name="Packets">Number of packets.</param>
/// <param name="Bytes">Number of bytes, IP headers included.</param>
public readonly record struct FlowCounters(ulong Packets, ulong Bytes);

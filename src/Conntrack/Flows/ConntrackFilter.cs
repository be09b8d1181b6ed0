using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Flows;

/// <summary>Selects the flows of a dump. All properties must match; a null one matches every flow.</summary>
public sealed record ConntrackFilter
{
    /// <summary>Every flow.</summary>
    public static ConntrackFilter All { get; } = new();

    /// <summary>The family.</summary>
    public IpFamily? Family { get; init; }

    /// <summary>The IP protocol number.</summary>
    public byte? Protocol { get; init; }

    /// <summary>Source of the original direction. Its family must be the filter's, if that has one.</summary>
    public IpAddress? Source { get; init; }

    /// <summary>Destination of the original direction. Its family must be the filter's, if that has one.</summary>
    public IpAddress? Destination { get; init; }

    /// <summary>Source port of the original direction; no ICMP flow matches.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>Destination port of the original direction; no ICMP flow matches.</summary>
    public ushort? DestinationPort { get; init; }

    /// <summary>The required values of the status bits in <see cref="StatusMask"/>.</summary>
    public ConntrackStatus Status { get; init; }

    /// <summary>The status bits that are compared; none by default.</summary>
    public ConntrackStatus StatusMask { get; init; }

    /// <summary>The required value of the mark's bits in <see cref="MarkMask"/>.</summary>
    public uint? Mark { get; init; }

    /// <summary>The bits of the mark that are compared.</summary>
    public uint MarkMask { get; init; } = uint.MaxValue;

    /// <summary>The zone, in any <see cref="ConntrackEntry.ZoneScope"/>.</summary>
    public ushort? Zone { get; init; }

    /// <summary>Whether a flow matches the filter.</summary>
    public bool Matches(in ConntrackEntry entry) =>
        (Family is null || entry.Family == Family)
        && (Protocol is null || entry.Protocol == Protocol)
        && (Source is null || entry.Original.Source == Source)
        && (Destination is null || entry.Original.Destination == Destination)
        && (SourcePort is null || (!entry.Original.IsIcmp && entry.Original.SourcePort == SourcePort))
        && (DestinationPort is null || (!entry.Original.IsIcmp && entry.Original.DestinationPort == DestinationPort))
        && (entry.Status & StatusMask) == (Status & StatusMask)
        && (Mark is null || (entry.Mark & MarkMask) == (Mark & MarkMask))
        && (Zone is null || entry.Zone == Zone);
}

/// <summary>The directions of a flow that its zone applies to (<c>--zone</c>, <c>--zone-orig</c>, <c>--zone-reply</c>).</summary>
public enum ZoneScope : byte
{
    /// <summary>Both directions: the usual zone.</summary>
    Both,

    /// <summary>The original direction; the reply direction is in zone 0.</summary>
    Original,

    /// <summary>The reply direction; the original direction is in zone 0.</summary>
    Reply,
}

using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Flows;

/// <summary>
/// One direction of a flow (<c>struct nf_conntrack_tuple</c>). ICMP has no ports: as in the kernel, its id, type and code are
/// stored in their place.
/// </summary>
/// <param name="Family">
/// The family of the packets. It is not always that of the addresses: an IPv6 flow may have IPv4-mapped addresses.
/// </param>
/// <param name="Protocol">The IP protocol number (IANA), for example 6, 17, 132, 1 or 58.</param>
/// <param name="Source">The source address.</param>
/// <param name="Destination">The destination address.</param>
/// <param name="SourcePort">The source port; for ICMP the echo id; 0 for protocols without ports.</param>
/// <param name="DestinationPort">The destination port; for ICMP type and code; 0 for protocols without ports.</param>
public readonly record struct ConntrackTuple(
    IpFamily Family,
    byte Protocol,
    IpAddress Source,
    IpAddress Destination,
    ushort SourcePort,
    ushort DestinationPort)
{
    /// <summary>ICMP for IPv4 (IPPROTO_ICMP).</summary>
    public const byte Icmp = 1;

    /// <summary>ICMP for IPv6 (IPPROTO_ICMPV6).</summary>
    public const byte IcmpV6 = 58;

    /// <summary>Whether the ports hold id, type and code.</summary>
    public bool IsIcmp => Protocol is Icmp or IcmpV6;

    /// <summary>The id of an ICMP echo; meaningless for other protocols.</summary>
    public ushort IcmpId => SourcePort;

    /// <summary>The ICMP type; meaningless for other protocols.</summary>
    public byte IcmpType => (byte)(DestinationPort >> 8);

    /// <summary>The ICMP code; meaningless for other protocols.</summary>
    public byte IcmpCode => (byte)DestinationPort;

    /// <summary>Makes the tuple of an ICMP flow.</summary>
    public static ConntrackTuple OfIcmp(IpFamily family, IpAddress source, IpAddress destination, ushort id, byte type, byte code) =>
        new(family, family == IpFamily.IPv4 ? Icmp : IcmpV6, source, destination, id, (ushort)((type << 8) | code));

    /// <summary>The fields as <c>conntrack -L</c> prints them: <c>src=… dst=… sport=… dport=…</c>.</summary>
    public override string ToString() => IsIcmp
        ? string.Create(CultureInfo.InvariantCulture, $"src={Source} dst={Destination} type={IcmpType} code={IcmpCode} id={IcmpId}")
        : string.Create(CultureInfo.InvariantCulture, $"src={Source} dst={Destination} sport={SourcePort} dport={DestinationPort}");
}

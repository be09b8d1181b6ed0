using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>
/// To which destinations pods keep their own address, in the terms of ip-masq-agent's configuration file; to all others they
/// send with the address of the node. Covers both families.
/// </summary>
public sealed record EgressPolicy
{
    /// <summary>IPv4 link-local addresses (RFC 3927).</summary>
    public static IpPrefix LinkLocal { get; } = IpPrefix.Parse("169.254.0.0/16");

    /// <summary>IPv6 link-local addresses (RFC 4291).</summary>
    public static IpPrefix LinkLocalIPv6 { get; } = IpPrefix.Parse("fe80::/10");

    /// <summary>
    /// What applies without a configuration file: ip-masq-agent's own list (RFC 1918), and for IPv6, where it has none, the
    /// unique local addresses (RFC 4193).
    /// </summary>
    public static EgressPolicy Default { get; } = new()
    {
        NonMasqueradeCidrs = [IpPrefix.Parse("10.0.0.0/8"), IpPrefix.Parse("172.16.0.0/12"), IpPrefix.Parse("192.168.0.0/16"), IpPrefix.Parse("fc00::/7")],
    };

    /// <summary><c>nonMasqueradeCIDRs</c>: destinations of either family to which pods keep their address.</summary>
    public EquatableArray<IpPrefix> NonMasqueradeCidrs { get; init; }

    /// <summary><c>masqLinkLocal</c>: whether traffic to <see cref="LinkLocal"/> is masqueraded too.</summary>
    public bool MasqueradesLinkLocal { get; init; }

    /// <summary><c>masqLinkLocalIPv6</c>: whether traffic to <see cref="LinkLocalIPv6"/> is masqueraded too.</summary>
    public bool MasqueradesLinkLocalIPv6 { get; init; }

    /// <summary>
    /// Whether a family is masqueraded. IPv6 is only if <see cref="NonMasqueradeCidrs"/> names an IPv6 range: a list for IPv4
    /// alone would have pods of other nodes see the address of the node, and ip-masq-agent leaves IPv6 alone by default.
    /// </summary>
    public bool Covers(IpFamily family) => family == IpFamily.IPv4 || Array.Exists(NonMasqueradeCidrs.AsSpan().ToArray(), static prefix => prefix.Family == IpFamily.IPv6);
}

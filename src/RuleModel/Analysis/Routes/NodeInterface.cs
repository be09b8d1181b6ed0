using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Routes;

/// <summary>A network interface of a node, as <c>ip -j -d addr</c> shows it.</summary>
public sealed record NodeInterface
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of a virtual interface, such as <c>vxlan</c> or <c>bridge</c>; empty when it was not listed (it needs <c>ip -d</c>).</summary>
    public string Kind { get; init; } = "";

    /// <summary>Its addresses, in the order of the kernel.</summary>
    public IReadOnlyList<AssignedAddress> Addresses { get; init; } = [];

    /// <summary>The source of a tunnel's outer packets; null when it is not fixed, or not known.</summary>
    public IpAddress? TunnelLocal { get; init; }

    /// <summary>The interface of which it is a port, such as a bridge; empty for none.</summary>
    public string Master { get; init; } = "";

    /// <summary>The kind of tunnel to other nodes that the interface is, by its kind or else by the name that its maker gives it; empty for none.</summary>
    public string Tunnel => Kind switch
    {
        "vxlan" => "VXLAN",
        "geneve" => "Geneve",
        "ipip" or "ip6tnl" => "IP in IP",
        "gre" or "gretap" => "GRE",
        "wireguard" => "WireGuard",
        "" => TunnelOfName,
        _ => "",
    };

    /// <summary>flannel names its interface after its VNI (backend/vxlan/vxlan.go); Calico and Cilium have fixed names.</summary>
    private string TunnelOfName =>
        Name is "vxlan.calico" or "vxlan-v6.calico" or "cilium_vxlan" || (Name.StartsWith("flannel.", StringComparison.Ordinal) && uint.TryParse(Name.AsSpan("flannel.".Length), out _)) ? "VXLAN"
        : Name is "tunl0" ? "IP in IP"
        : Name is "wireguard.cali" or "wg-v6.cali" or "cilium_wg0" or "flannel-wg" ? "WireGuard"
        : "";
}

/// <summary>An address on an interface.</summary>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">The length of its network.</param>
/// <param name="Scope">Where it is valid: global, link or host; other scopes by their name.</param>
public sealed record AssignedAddress(IpAddress Address, int PrefixLength, string Scope)
{
    /// <summary>Whether another address of the same network comes before it (IFA_F_SECONDARY of linux/if_addr.h).</summary>
    public bool IsSecondary { get; init; }

    /// <summary>Whether new connections should not use it, or cannot yet: deprecated, tentative or failed.</summary>
    public bool IsAvoided { get; init; }

    /// <summary>Whether an address is in its network.</summary>
    public bool IsOnLink(IpAddress other) => other.Family == Address.Family && IpPrefix.Create(Address, PrefixLength).Contains(other);
}

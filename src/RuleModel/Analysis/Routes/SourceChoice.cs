using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Routes;

/// <summary>The source address that the kernel gives to packets that leave by a route.</summary>
/// <param name="Address">The address; null if it is not known.</param>
/// <param name="Others">The other addresses that it may be as well.</param>
public sealed record SourceChoice(IpAddress? Address, IReadOnlyList<IpAddress> Others)
{
    private static readonly SourceChoice s_unknown = new(null, []);

    /// <summary>
    /// Of a packet that is masqueraded: the address of the interface that it leaves by, whatever source the route prefers
    /// (nf_nat_masquerade_ipv4 in net/netfilter/nf_nat_masquerade.c).
    /// </summary>
    /// <param name="network">The node.</param>
    /// <param name="decision">The route.</param>
    /// <param name="destination">Where the packet goes.</param>
    public static SourceChoice OfMasquerade(NodeNetwork network, RouteDecision decision, IpAddress destination)
    {
        if (decision.Interface is not { } name || network.Interfaces.Count == 0)
        {
            return s_unknown;
        }

        return destination.IsIPv4
            ? new(decision.Gateway is not { IsIPv4: false } && decision.Route is { Hops.Count: 1 } ? SelectIPv4(network, name, decision.Gateway ?? destination) : null, [])
            : OfIPv6(network, name);
    }

    /// <summary>Of a packet that the node makes: the source that the route prefers, else an address of the interface (fib_result_prefsrc in net/ipv4/fib_semantics.c).</summary>
    /// <inheritdoc cref="OfMasquerade"/>
    public static SourceChoice OfNode(NodeNetwork network, RouteDecision decision, IpAddress destination)
    {
        if (decision is { Kind: RouteDecisionKind.Local })
        {
            return new(destination, []);
        }

        if (decision.Route?.PreferredSource is { } preferred)
        {
            return new(preferred, []);
        }

        return OfMasquerade(network, decision, destination);
    }

    /// <summary>inet_select_addr in net/ipv4/devinet.c, for addresses of scope global.</summary>
    private static IpAddress? SelectIPv4(NodeNetwork network, string name, IpAddress next)
    {
        AssignedAddress[] usable = [.. (network.InterfaceOf(name)?.Addresses ?? []).Where(IsUsable)];
        if (usable.Length != 0)
        {
            return (Array.Find(usable, address => address.IsOnLink(next)) ?? usable[0]).Address;
        }

        // An interface without an address borrows the first of the node's.
        return network.InterfaceOf(name) is null ? null : network.Interfaces.SelectMany(static each => each.Addresses).FirstOrDefault(IsUsable)?.Address;

        static bool IsUsable(AssignedAddress address) => address.Address.IsIPv4 && !address.IsSecondary && address.Scope is not ("link" or "host");
    }

    /// <summary>ipv6_dev_get_saddr in net/ipv6/addrconf.c goes by RFC 6724: with one global address there is no choice.</summary>
    private static SourceChoice OfIPv6(NodeNetwork network, string name)
    {
        IpAddress[] usable = [.. (network.InterfaceOf(name)?.Addresses ?? []).Where(static address => !address.Address.IsIPv4 && !address.IsAvoided && address.Scope is not ("link" or "host")).Select(static address => address.Address)];
        return usable.Length == 0 ? s_unknown : new(usable[0], usable[1..]);
    }
}

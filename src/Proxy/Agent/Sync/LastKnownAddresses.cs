using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// The addresses of a Node over time. A Node that loses those of a family (a kubelet or cloud provider that starts anew
/// empties them now and then) has not moved: the last known ones hold until it has others, or node ports of "primary" would
/// open on every address.
/// </summary>
/// <param name="Addresses">The addresses of the Node, and after them those that are kept.</param>
/// <param name="Kept">Those that are kept.</param>
internal sealed record LastKnownAddresses(EquatableArray<NodeAddress> Addresses, EquatableArray<NodeAddress> Kept)
{
    /// <summary>Before any Node was known.</summary>
    public static LastKnownAddresses None { get; } = new(default, default);

    /// <summary>The addresses after a new state of the Node.</summary>
    public LastKnownAddresses Follow(Node node)
    {
        List<NodeAddress> all = [.. node.Addresses.AsSpan()];
        List<NodeAddress> kept = [];
        foreach (NodeAddress known in Addresses)
        {
            if (FamilyOf(known) is { } family && !HasFamily(node.Addresses, family))
            {
                kept.Add(known);
            }
        }

        all.AddRange(kept);
        return new(EquatableArray.CopyOf(all), EquatableArray.CopyOf(kept));
    }

    /// <summary>Whether the Node had addresses of a family and has none any more.</summary>
    public bool IsLost(IpFamily family) => HasFamily(Kept, family);

    private static bool HasFamily(EquatableArray<NodeAddress> addresses, IpFamily family)
    {
        foreach (NodeAddress address in addresses)
        {
            if (FamilyOf(address) == family)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The family of an address that can be the node's own (spec 7.4); null for names and what is no address.</summary>
    private static IpFamily? FamilyOf(NodeAddress candidate) =>
        candidate.Type is "InternalIP" or "ExternalIP" && IpAddress.TryParse(candidate.Address, out IpAddress address) ? address.Family : null;
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>
/// Masquerading of what pods of this node send out of the cluster, for one family. Packets from addresses of the node are never
/// masqueraded by it.
/// </summary>
/// <param name="Pods">How the pods are recognised: <see cref="NodeSettings.LocalTraffic"/>, else the pod CIDR of the Node.</param>
/// <param name="KeptDestinations">
/// Where pods keep their own address: ordered, none inside another, never all addresses of the family; link-local addresses
/// are among them unless they are to be masqueraded.
/// </param>
public sealed record EgressMasquerade(LocalTrafficDetector Pods, EquatableArray<IpPrefix> KeptDestinations)
{
    /// <summary>Resolves a policy for one family; null if no rule is written.</summary>
    /// <param name="family">The family.</param>
    /// <param name="policy">The policy; null if egress masquerade is off.</param>
    /// <param name="pods">How the pods of the node are recognised.</param>
    public static EgressMasquerade? Resolve(IpFamily family, EgressPolicy? policy, LocalTrafficDetector pods) =>
        policy is null || WhyNot(family, policy, pods) is not null ? null : new(pods, Kept(family, policy));

    /// <summary>Why a policy leads to no rules in a family, with the remedy; null if it does lead to some.</summary>
    /// <param name="family">The family.</param>
    /// <param name="policy">The policy.</param>
    /// <param name="pods">How the pods of the node are recognised.</param>
    public static string? WhyNot(IpFamily family, EgressPolicy policy, LocalTrafficDetector pods)
    {
        if (!policy.Covers(family))
        {
            return "nonMasqueradeCIDRs names no IPv6 range; add one, such as fc00::/7, to masquerade IPv6";
        }

        if (Kept(family, policy) is [{ IsEverything: true }])
        {
            return $"nonMasqueradeCIDRs contains all {family} addresses";
        }

        return pods.IsPresent ? null : $"no {family} pod CIDR is known, so pods cannot be told from others; set clusterCIDR, or another detectLocalMode";
    }

    /// <summary>Whether pods keep their own address to a destination.</summary>
    public bool Keeps(IpAddress destination)
    {
        foreach (IpPrefix kept in KeptDestinations)
        {
            if (kept.Contains(destination))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether all addresses of a prefix are destinations to which pods keep their address.</summary>
    public bool KeepsAll(IpPrefix prefix)
    {
        foreach (IpPrefix kept in KeptDestinations)
        {
            if (Contains(kept, prefix))
            {
                return true;
            }
        }

        return false;
    }

    private static EquatableArray<IpPrefix> Kept(IpFamily family, EgressPolicy policy)
    {
        List<IpPrefix> all = [.. policy.NonMasqueradeCidrs.AsSpan().ToArray().Where(prefix => prefix.Family == family)];
        if (family == IpFamily.IPv4 && !policy.MasqueradesLinkLocal)
        {
            all.Add(EgressPolicy.LinkLocal);
        }
        else if (family == IpFamily.IPv6 && !policy.MasqueradesLinkLocalIPv6)
        {
            all.Add(EgressPolicy.LinkLocalIPv6);
        }

        all.Sort(static (left, right) => left.Address.CompareTo(right.Address) is not 0 and int byAddress ? byAddress : left.Length.CompareTo(right.Length));
        List<IpPrefix> kept = [];
        foreach (IpPrefix prefix in all)
        {
            // Of two prefixes one contains the other or they are disjoint: in this order the larger one comes first.
            if (kept.Count == 0 || !Contains(kept[^1], prefix))
            {
                kept.Add(prefix);
            }
        }

        return EquatableArray.CopyOf(kept);
    }

    private static bool Contains(IpPrefix outer, IpPrefix inner) => outer.Length <= inner.Length && outer.Contains(inner.Address);
}

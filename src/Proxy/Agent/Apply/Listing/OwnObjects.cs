using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>Decides whether a message is about our rules.</summary>
/// <param name="family">The family of our rules.</param>
/// <param name="store">Where they are.</param>
internal sealed class OwnObjects(IpFamily family, RuleStore store)
{
    private readonly byte _family = Number(family);

    /// <summary>A family as messages have it: NFPROTO_IPV4, NFPROTO_IPV6.</summary>
    public static byte Number(IpFamily family) => family == IpFamily.IPv4 ? NetlinkHeader.FamilyIPv4 : NetlinkHeader.FamilyIPv6;

    /// <summary>Whether the message reports a change of our rules.</summary>
    public bool Contain(scoped NftMessage message)
    {
        if (message.Family != _family)
        {
            return false;
        }

        ReadOnlySpan<byte> table = message.Table;
        return store == RuleStore.KubeProxyTable
            ? table.SequenceEqual("kube-proxy"u8) && !IsState(message)
            : (table.SequenceEqual("nat"u8) || table.SequenceEqual("filter"u8) || table.SequenceEqual("mangle"u8))
                && OwnChainNames.AppearIn(message.Content);
    }

    /// <summary>
    /// What the affinity sets and the counting sets hold is state, not rules. The packet path fills them without a message anyway; a
    /// tool that carries clients over from elsewhere, or sets counters to 0, is no drift either.
    /// </summary>
    private static bool IsState(scoped NftMessage message) =>
        message.IsElement && (message.Name.StartsWith("affinity-"u8) || message.Name.StartsWith(CountingSets.Prefix));
}

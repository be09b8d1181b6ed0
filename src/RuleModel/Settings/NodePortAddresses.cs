using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>The addresses of the node that answer node ports in one family (spec 7.5).</summary>
/// <param name="MatchesAll">Whether every local address does; <paramref name="Addresses"/> is then empty.</param>
/// <param name="Addresses">The local addresses that match a configured CIDR, loopback ones included.</param>
/// <param name="ContainsIPv4Loopback">Whether a configured CIDR covers IPv4 loopback; always false for IPv6.</param>
public sealed record NodePortAddresses(bool MatchesAll, EquatableArray<IpAddress> Addresses, bool ContainsIPv4Loopback)
{
    /// <summary>Resolves the configured list for one family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="configured">CIDRs, or the single word "primary".</param>
    /// <param name="nodeAddresses">The node's own addresses, for "primary".</param>
    /// <param name="interfaceAddresses">All addresses on the node's interfaces.</param>
    public static NodePortAddresses Resolve(
        IpFamily family,
        EquatableArray<string> configured,
        NodeAddresses nodeAddresses,
        EquatableArray<IpAddress> interfaceAddresses)
    {
        List<IpPrefix> prefixes = [];
        foreach (string text in ExpandPrimary(configured, nodeAddresses))
        {
            if (IpPrefix.TryParse(text, out IpPrefix prefix) && prefix.Family == family)
            {
                prefixes.Add(prefix);
            }
        }

        if (prefixes.Count == 0)
        {
            // Also when only the other family was configured (spec 16, quirk 9).
            prefixes.Add(IpPrefix.Parse(family == IpFamily.IPv4 ? "0.0.0.0/0" : "::/0"));
        }

        bool containsLoopback = false;
        IpAddress loopbackStart = IpAddress.FromIPv4(0x7F000000);
        foreach (IpPrefix prefix in prefixes)
        {
            containsLoopback |= family == IpFamily.IPv4 && (prefix.Address.IsLoopback || prefix.Contains(loopbackStart));
            if (prefix.IsEverything)
            {
                return new(MatchesAll: true, default, containsLoopback);
            }
        }

        return new(MatchesAll: false, Matching(prefixes, interfaceAddresses), containsLoopback);
    }

    /// <summary>Replaces the single word "primary" by the node's own addresses, except loopback (spec 7.5).</summary>
    public static EquatableArray<string> ExpandPrimary(EquatableArray<string> configured, NodeAddresses nodeAddresses)
    {
        if (configured.Length != 1 || !string.Equals(configured[0], ProxySettings.PrimaryAddresses, StringComparison.Ordinal))
        {
            return configured;
        }

        List<string> expanded = [];
        foreach (IpAddress address in (ReadOnlySpan<IpAddress>)[nodeAddresses.IPv4, nodeAddresses.IPv6])
        {
            if (!address.IsLoopback)
            {
                expanded.Add(IpPrefix.Of(address).ToString());
            }
        }

        return EquatableArray.CopyOf(expanded);
    }

    private static EquatableArray<IpAddress> Matching(List<IpPrefix> prefixes, EquatableArray<IpAddress> interfaceAddresses)
    {
        SortedSet<IpAddress> matching = [];
        foreach (IpAddress address in interfaceAddresses)
        {
            if (prefixes.Exists(prefix => prefix.Contains(address)))
            {
                matching.Add(address);
            }
        }

        return EquatableArray.Adopt<IpAddress>([.. matching]);
    }
}

using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>The addresses on the interfaces of this network namespace, for commands, which need them once.</summary>
internal static class InterfaceAddresses
{
    /// <summary>Reads all of them, loopback and link-local ones too.</summary>
    /// <exception cref="InputException">They cannot be read.</exception>
    public static IReadOnlyList<IpAddress> Read()
    {
        try
        {
            return InterfaceAddressFeed.ReadOnce();
        }
        catch (NetlinkException e)
        {
            throw new InputException($"the addresses of this node cannot be read: {e.Message}; try again, or give them with --node-address");
        }
    }
}

/// <summary>An address given on the command line as <c>ip addr</c> shows it: with or without a prefix length.</summary>
internal static class InterfaceAddress
{
    public static bool TryParse(string text, out IpAddress address)
    {
        int slash = text.IndexOf('/', StringComparison.Ordinal);
        bool hasPlausiblePrefix = slash < 0 || IpPrefix.TryParse(text, out _);
        return IpAddress.TryParse(slash < 0 ? text : text[..slash], out address) && hasPlausiblePrefix;
    }
}

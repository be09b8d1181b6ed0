using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Inputs;

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

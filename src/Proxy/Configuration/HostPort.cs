using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary><c>host:port</c> and <c>[ipv6]:port</c>.</summary>
internal static class HostPort
{
    /// <summary>Adds a port to an address without one; what is no address, or has a port, stays as it is.</summary>
    public static string AddPort(string address, int port) =>
        !IpAddress.TryParse(address, out IpAddress parsed) ? address
        : parsed.IsIPv4 ? $"{address}:{port}"
        : $"[{address}]:{port}";

    /// <summary>Splits at the last colon; an IPv6 host must be in brackets, which are taken off.</summary>
    public static bool TrySplit(string text, out string host, out string port)
    {
        host = "";
        port = "";
        int colon = text.LastIndexOf(':');
        if (colon < 0)
        {
            return false;
        }

        string front = text[..colon];
        bool isBracketed = front.StartsWith('[') && front.EndsWith(']');
        if (!isBracketed && front.AsSpan().ContainsAny('[', ']', ':'))
        {
            return false;
        }

        host = isBracketed ? front[1..^1] : front;
        port = text[(colon + 1)..];
        return true;
    }
}

using System.Globalization;
using System.Net;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// Chooses the proxy: that of the kubeconfig, else that of the environment by Go's rules. .NET's own rules do not support
/// networks in NO_PROXY: they would send the traffic to 10.96.0.1 to the proxy in spite of 10.0.0.0/8.
/// </summary>
internal static class ProxyChoice
{
    /// <summary>The proxy that a kubeconfig names.</summary>
    /// <param name="url">An address with http, https or socks5. May contain a password, so errors do not show it.</param>
    /// <param name="subject">The configuration that has it, for errors.</param>
    /// <param name="field">The field that has it, for errors.</param>
    /// <exception cref="ConnectionException">It is not such an address.</exception>
    public static WebProxy Parse(string url, string subject, string field)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address)
            || address.Scheme is not ("http" or "https" or "socks5")
            || address.Host.Length == 0)
        {
            throw new ConnectionException(subject, field, "is not an address of a proxy; write it as http://host:port, https://host:port or socks5://host:port");
        }

        WebProxy proxy = new(new UriBuilder(address) { UserName = "", Password = "" }.Uri);
        if (address.UserInfo.Length != 0)
        {
            string[] parts = address.UserInfo.Split(':', 2);
            proxy.Credentials = new NetworkCredential(
                Uri.UnescapeDataString(parts[0]), parts.Length == 2 ? Uri.UnescapeDataString(parts[1]) : "");
        }

        return proxy;
    }

    /// <summary>The proxy that the environment names for a server, or null.</summary>
    /// <param name="server">The server.</param>
    /// <param name="environment">Reads a variable.</param>
    /// <exception cref="ConnectionException">The value of the variable is not an address of a proxy.</exception>
    public static WebProxy? FromEnvironment(Uri server, Func<string, string?> environment)
    {
        string name = server.Scheme == Uri.UriSchemeHttps ? "HTTPS_PROXY" : "HTTP_PROXY";
        string url = Read(environment, name);
        if (url.Length == 0 || IsLocal(server) || IsExcluded(server, Read(environment, "NO_PROXY")))
        {
            return null;
        }

        return Parse(url.Contains("://", StringComparison.Ordinal) ? url : "http://" + url, "environment", name);
    }

    private static string Read(Func<string, string?> environment, string name) =>
        environment(name) is { Length: > 0 } upper ? upper : environment(name.ToLowerInvariant()) ?? "";

    private static bool IsLocal(Uri server) =>
        server.IdnHost.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IpAddress.TryParse(server.IdnHost, out IpAddress address) && address.IsLoopback);

    private static bool IsExcluded(Uri server, string list)
    {
        bool isAddress = IpAddress.TryParse(server.IdnHost, out IpAddress address);
        foreach (string entry in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (entry == "*")
            {
                return true;
            }

            if (IpPrefix.TryParse(entry, out IpPrefix network) && entry.Contains('/', StringComparison.Ordinal))
            {
                if (isAddress && network.Contains(address))
                {
                    return true;
                }

                continue;
            }

            (string host, int? port) = SplitPort(entry);
            if ((port is null || port == server.Port) && (isAddress ? IsSame(host, address) : IsWithin(server.IdnHost, host)))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsSame(string host, IpAddress address) => IpAddress.TryParse(host, out IpAddress excluded) && excluded == address;

    /// <summary><c>example.com</c> excludes itself and all below it; <c>.example.com</c> and <c>*.example.com</c> only what is below.</summary>
    private static bool IsWithin(string name, string excluded)
    {
        excluded = excluded.StartsWith("*.", StringComparison.Ordinal) ? excluded[1..] : excluded;
        return excluded.StartsWith('.')
            ? name.EndsWith(excluded, StringComparison.OrdinalIgnoreCase)
            : name.Equals(excluded, StringComparison.OrdinalIgnoreCase) || name.EndsWith("." + excluded, StringComparison.OrdinalIgnoreCase);
    }

    private static (string Host, int? Port) SplitPort(string entry)
    {
        int colon = entry.LastIndexOf(':');
        bool hasPort = colon > 0 && (entry[colon - 1] == ']' || entry.IndexOf(':', StringComparison.Ordinal) == colon);
        int? port = hasPort && int.TryParse(entry.AsSpan(colon + 1), CultureInfo.InvariantCulture, out int number) ? number : null;
        return ((port is null ? entry : entry[..colon]).Trim('[', ']'), port);
    }
}

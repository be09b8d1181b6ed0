namespace KubeProxySharp.Proxy.Configuration;

/// <summary>The values of <c>mode</c> (spec 11.2). ipvs is a valid configuration that this program does not run.</summary>
internal static class ProxyMode
{
    public const string Iptables = "iptables";
    public const string Nftables = "nftables";
    public const string Ipvs = "ipvs";
}

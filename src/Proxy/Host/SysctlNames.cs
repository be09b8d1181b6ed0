namespace KubeProxySharp.Proxy.Host;

/// <summary>The kernel parameters that kube-proxy knows (spec 7.6, 8.1).</summary>
internal static class SysctlNames
{
    public const string ConntrackMax = "net/netfilter/nf_conntrack_max";
    public const string ConntrackTcpTimeoutEstablished = "net/netfilter/nf_conntrack_tcp_timeout_established";
    public const string ConntrackTcpTimeoutCloseWait = "net/netfilter/nf_conntrack_tcp_timeout_close_wait";
    public const string ConntrackTcpBeLiberal = "net/netfilter/nf_conntrack_tcp_be_liberal";
    public const string ConntrackUdpTimeout = "net/netfilter/nf_conntrack_udp_timeout";
    public const string ConntrackUdpTimeoutStream = "net/netfilter/nf_conntrack_udp_timeout_stream";
    public const string RouteLocalnet = "net/ipv4/conf/all/route_localnet";
    public const string DisableIPv6 = "net/ipv6/conf/all/disable_ipv6";
}

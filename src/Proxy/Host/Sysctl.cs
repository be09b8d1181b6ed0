using System.Globalization;

namespace KubeProxySharp.Proxy.Host;

/// <summary>Kernel parameters through the files of <c>/proc/sys</c>.</summary>
/// <param name="files">The files of the node.</param>
internal sealed class Sysctl(KernelFiles files) : ISysctl
{
    private const string Folder = "proc/sys/";

    /// <inheritdoc/>
    public long? TryRead(string name)
    {
        try
        {
            return long.TryParse(files.Read(Folder + name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // An unreadable parameter counts as different: the write then reports the error (spec 8.1).
            return null;
        }
    }

    /// <inheritdoc/>
    public void Write(string name, long value)
    {
        try
        {
            files.Write(Folder + name, value.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KernelSetupException($"can't set sysctl {name} to {value} in {files.PathOf(Folder + name)}: {e.Message}");
        }
    }
}

/// <summary>Kernel parameters below <c>/proc/sys</c> that are numbers.</summary>
internal interface ISysctl
{
    /// <summary>Reads a parameter; null when it is missing or no number.</summary>
    /// <param name="name">Its path below <c>/proc/sys</c>, such as <c>net/ipv4/ip_forward</c>.</param>
    long? TryRead(string name);

    /// <summary>Sets a parameter.</summary>
    /// <exception cref="KernelSetupException">The kernel does not take it.</exception>
    void Write(string name, long value);
}

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

/// <summary>The kernel lacks something that the program needs to start.</summary>
/// <param name="message">What was tried, on what, and what came back.</param>
internal sealed class KernelSetupException(string message) : Exception(message);

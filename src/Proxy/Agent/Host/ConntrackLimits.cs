using System.Globalization;
using KubeProxySharp.Proxy.Host;
using Microsoft.Extensions.Logging;
using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>Sets the limits and time-outs of the kernel's connection tracking, once at start (spec 8.1).</summary>
/// <param name="sysctl">Kernel parameters.</param>
/// <param name="files">The files below /sys, for the size of the hash table.</param>
/// <param name="logger">Logs what is set.</param>
internal sealed partial class ConntrackLimits(ISysctl sysctl, KernelFiles files, ILogger<ConntrackLimits> logger)
{
    private const string HashSizePath = "sys/module/nf_conntrack/parameters/hashsize";
    private const long HighestScaled = 1048576;
    private const string Failure = "could not set conntrack parameters from kube-proxy configuration: ";

    /// <summary>Applies the configuration; a parameter that has its value already is not written.</summary>
    /// <param name="conntrack">The configured values; 0 leaves a parameter alone.</param>
    /// <param name="cpuCount">Number of CPUs of the node.</param>
    /// <exception cref="KernelSetupException">The kernel rejects a value.</exception>
    public void Apply(ConntrackConfiguration conntrack, int cpuCount)
    {
        try
        {
            SetMax(conntrack, cpuCount);
            Set(SysctlNames.ConntrackTcpTimeoutEstablished, Seconds(conntrack.TcpEstablishedTimeout), conntrack.TcpEstablishedTimeout > TimeSpan.Zero);
            Set(SysctlNames.ConntrackTcpTimeoutCloseWait, Seconds(conntrack.TcpCloseWaitTimeout), conntrack.TcpCloseWaitTimeout > TimeSpan.Zero);
            Set(SysctlNames.ConntrackTcpBeLiberal, 1, conntrack.TcpBeLiberal);
            Set(SysctlNames.ConntrackUdpTimeout, Seconds(conntrack.UdpTimeout), conntrack.UdpTimeout > TimeSpan.Zero);
            Set(SysctlNames.ConntrackUdpTimeoutStream, Seconds(conntrack.UdpStreamTimeout), conntrack.UdpStreamTimeout > TimeSpan.Zero);
        }
        catch (KernelSetupException e)
        {
            throw new KernelSetupException(Failure + e.Message);
        }
    }

    /// <summary>Whether the kernel accepts TCP packets outside their window; rules for invalid packets depend on it.</summary>
    public static bool IsTcpLiberal(ISysctl sysctl) => sysctl.TryRead(SysctlNames.ConntrackTcpBeLiberal) is not (null or 0);

    /// <summary>The largest number of connections; 0 to leave it unchanged. A scaled value above 2^20 is limited to that, even when the minimum is higher.</summary>
    internal static long Max(ConntrackConfiguration conntrack, int cpuCount)
    {
        if (conntrack.MaxPerCore <= 0)
        {
            return 0;
        }

        long scaled = (long)conntrack.MaxPerCore * cpuCount;
        return scaled > HighestScaled ? HighestScaled : Math.Max(scaled, conntrack.Min);
    }

    private static long Seconds(TimeSpan duration) => duration.Ticks / TimeSpan.TicksPerSecond;

    /// <summary>Writing the limit may be refused, for example inside a container: the error then names the setting that leaves it unchanged.</summary>
    private void SetMax(ConntrackConfiguration conntrack, int cpuCount)
    {
        try
        {
            SetMax(Max(conntrack, cpuCount));
        }
        catch (KernelSetupException e)
        {
            throw new KernelSetupException($"{e.Message}; to leave the limit as it is, set conntrack.maxPerCore: 0 (--conntrack-max-per-core=0)");
        }
    }

    private void SetMax(long max)
    {
        if (max <= 0)
        {
            return;
        }

        Set(SysctlNames.ConntrackMax, max, isWanted: true);

        // Four connections per bucket: with fewer buckets the lists get long.
        long wanted = max / 4;
        try
        {
            string text = files.Read(HashSizePath);
            if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long size))
            {
                throw new KernelSetupException($"{files.PathOf(HashSizePath)} is \"{text}\", not a number");
            }

            if (size < wanted)
            {
                LogSet(HashSizePath, wanted);
                files.Write(HashSizePath, wanted.ToString(CultureInfo.InvariantCulture));
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KernelSetupException($"can't read or set the conntrack hash size in {files.PathOf(HashSizePath)} (wanted: {wanted}): {e.Message}");
        }
    }

    private void Set(string name, long value, bool isWanted)
    {
        if (isWanted && sysctl.TryRead(name) != value)
        {
            LogSet(name, value);
            sysctl.Write(name, value);
        }
    }

    [LoggerMessage(EventId = 3000, Level = LogLevel.Information, Message = "Setting {Entry} to {Value}")]
    private partial void LogSet(string entry, long value);
}

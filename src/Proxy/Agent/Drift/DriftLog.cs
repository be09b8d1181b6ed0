using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>Log messages of the watches besides those about drift itself. Ids 4300 to 4399.</summary>
internal static partial class DriftLog
{
    [LoggerMessage(4300, LogLevel.Warning, "the rules cannot be checked; the next check is due in a sync period")]
    public static partial void CheckFailed(this ILogger log, Exception exception);

    [LoggerMessage(4301, LogLevel.Warning, "{Family}: messages about changes of rules cannot be received (errno {Error}; CAP_NET_ADMIN is needed), so their number is read once a second")]
    public static partial void Polling(this ILogger log, IpFamily family, int error);

    [LoggerMessage(4302, LogLevel.Warning, "{Family}: the kernel does not give the number of the last change of rules (errno {Error}; CAP_NET_ADMIN is needed), so only the regular check finds damage")]
    public static partial void NoGeneration(this ILogger log, IpFamily family, int error);

    [LoggerMessage(4304, LogLevel.Warning, "{Family}: reading changes of rules failed with errno {Error}; trying again")]
    public static partial void ReadFailed(this ILogger log, IpFamily family, int error);

    [LoggerMessage(4305, LogLevel.Warning, "{Family}: no raw socket to look at the tables of iptables (errno {Error}; CAP_NET_RAW is needed), so only the regular check finds damage")]
    public static partial void NoRawSocket(this ILogger log, IpFamily family, int error);
}

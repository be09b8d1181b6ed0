using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The log lines of this folder.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(1500, LogLevel.Warning, "Some metrics could not be read for a scrape, and are missing from it")]
    public static partial void ReadingFailed(ILogger logger, Exception exception);
}

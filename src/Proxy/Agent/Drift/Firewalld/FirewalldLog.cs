using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Drift.Firewalld;

/// <summary>Log messages of the watch on firewalld. Ids 4500 to 4599.</summary>
internal static partial class FirewalldLog
{
    [LoggerMessage(4500, LogLevel.Information, "firewalld is not watched for: {Why}. It is looked for again from time to time; nothing has to be done if the node has none")]
    public static partial void NoBus(this ILogger log, string why);

    [LoggerMessage(4501, LogLevel.Debug, "firewalld is watched for on the system bus")]
    public static partial void Watching(this ILogger log);
}

using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Kubernetes.Connection;

/// <summary>Messages of the connection, ids 300 to 309. None contains a credential.</summary>
internal static partial class Log
{
    [LoggerMessage(300, LogLevel.Information, "Connecting to {Server}, as configured by {Source}")]
    public static partial void Connecting(this ILogger logger, Uri server, string source);

    [LoggerMessage(301, LogLevel.Warning, "The certificate of {Server} is not verified: anyone on the network path can read and change all traffic. Set certificate-authority instead of insecure-skip-tls-verify")]
    public static partial void NotVerified(this ILogger logger, Uri server);

    [LoggerMessage(302, LogLevel.Warning, "{Server} is plain http: no credentials are sent and the traffic is not protected. Write https:// in front of the server")]
    public static partial void PlainHttp(this ILogger logger, Uri server);

    [LoggerMessage(303, LogLevel.Information, "{File} has changed and is in use from now on")]
    public static partial void FileReread(this ILogger logger, string file);

    [LoggerMessage(304, LogLevel.Warning, "{File} could not be read again; its previous content stays in use: {Problem}")]
    public static partial void FileKept(this ILogger logger, string file, string problem);

    [LoggerMessage(305, LogLevel.Information, "New connections use new certificates; requests in progress end on the old connections")]
    public static partial void TransportReplaced(this ILogger logger);

    [LoggerMessage(306, LogLevel.Warning, "{Server} refused the credential (401); the next request uses a new one if there is one")]
    public static partial void CredentialRefused(this ILogger logger, Uri server);

    [LoggerMessage(307, LogLevel.Information, "Credential plugin {Command} returned a credential that expires at {Expiration:u}")]
    public static partial void PluginRan(this ILogger logger, string command, DateTimeOffset? expiration);

    [LoggerMessage(308, LogLevel.Warning, "Credential plugin {Command} reported: {Text}")]
    public static partial void PluginSaid(this ILogger logger, string command, string text);

    [LoggerMessage(309, LogLevel.Information, "{Source} names no server; the service account of this pod is used instead")]
    public static partial void FallingBackToInCluster(this ILogger logger, string source);
}

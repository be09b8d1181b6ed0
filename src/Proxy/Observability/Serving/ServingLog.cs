using System.Net;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Messages of the HTTP servers, ids 1400 to 1408.</summary>
internal static partial class ServingLog
{
    [LoggerMessage(1400, LogLevel.Information, "The {Server} server listens on {Address}")]
    public static partial void Listening(ILogger logger, string server, EndPoint address);

    [LoggerMessage(1401, LogLevel.Error, "The {Server} server does not listen on {Address}: free the address or change its bind address in the configuration")]
    public static partial void ListenFailed(ILogger logger, string server, EndPoint address, Exception exception);

    [LoggerMessage(1402, LogLevel.Debug, "{Family} health check of {Service} opened on port {Port}")]
    public static partial void ServiceOpened(ILogger logger, IpFamily family, NamespacedName service, int port);

    [LoggerMessage(1403, LogLevel.Debug, "{Family} health check of {Service} closed on port {Port}")]
    public static partial void ServiceClosed(ILogger logger, IpFamily family, NamespacedName service, int port);

    [LoggerMessage(1404, LogLevel.Error, "{Family} health check of {Service} does not listen on port {Port}; it is tried again until it does")]
    public static partial void ServiceFailed(ILogger logger, IpFamily family, NamespacedName service, int port, Exception exception);

    [LoggerMessage(1405, LogLevel.Error, "A request for {Path} failed with an unhandled exception; the client got status 500")]
    public static partial void AnswerFailed(ILogger logger, string path, Exception exception);

    [LoggerMessage(1406, LogLevel.Information, "{Family} health check of {Service} listens on port {Port} after all")]
    public static partial void ServiceRecovered(ILogger logger, IpFamily family, NamespacedName service, int port);

    [LoggerMessage(1407, LogLevel.Information, "{Family} health check node ports now listen on {Addresses}")]
    public static partial void ServiceAddresses(ILogger logger, IpFamily family, string addresses);

    [LoggerMessage(1408, LogLevel.Warning, "More clients than the {Most} connections of the {Server} port {Port}: {Evicted} that sent no request were closed to make room, {Refused} new ones were refused. This is said once a minute; kubeproxysharp_http_connections_closed_total counts on")]
    public static partial void PortFull(ILogger logger, string server, EndPoint port, int most, int evicted, int refused);
}

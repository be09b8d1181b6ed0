using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Connection;

/// <summary>Settings of every connection to the API server: rate limit, user agent, clock and log.</summary>
public sealed record ConnectionSettings
{
    /// <summary>
    /// Requests per second that are allowed in the long run, watches excepted; default 5. Zero means the default, a
    /// negative value no limit (<c>clientConnection.qps</c>, wire notes 6).
    /// </summary>
    public float QueriesPerSecond { get; init; } = 5;

    /// <summary>
    /// Requests that may be sent without a delay after a pause; default 10. Must be positive when
    /// <see cref="QueriesPerSecond"/> is (<c>clientConnection.burst</c>, wire notes 6).
    /// </summary>
    public int Burst { get; init; } = 10;

    /// <summary>The name of this client in the server's audit log; default <c>kube-proxy-sharp</c>.</summary>
    public string UserAgent { get; init; } = "kube-proxy-sharp";

    /// <summary>The clock of the rate limit and of all that expires.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Makes the logs that report rotations and refused credentials; default none.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Idle time of an HTTP/2 connection after which a ping is sent (wire notes 3.8).</summary>
    internal TimeSpan PingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time limit for the answer to a ping, after which all streams of the connection fail (wire notes 3.8).</summary>
    internal TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time limit to connect, TLS included (wire notes 11).</summary>
    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time limit of a credential plugin; client-go has none and hangs (wire notes 5.5).</summary>
    internal TimeSpan PluginTimeLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Reads an environment variable.</summary>
    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Where a pod finds its service account (wire notes 5.3).</summary>
    internal string ServiceAccountDirectory { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";
}

using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Connection;

/// <summary>What all ways to the API server have in common: rate limit, name, clock and log.</summary>
public sealed record ConnectionSettings
{
    /// <summary>
    /// Requests per second that are allowed in the long run, watches excepted; default 5. Zero means the default, a
    /// negative value no limit (<c>clientConnection.qps</c>, wire notes 6).
    /// </summary>
    public float QueriesPerSecond { get; init; } = 5;

    /// <summary>
    /// Requests that may be sent at once after a pause; default 10. Must be positive when
    /// <see cref="QueriesPerSecond"/> is (<c>clientConnection.burst</c>, wire notes 6).
    /// </summary>
    public int Burst { get; init; } = 10;

    /// <summary>What the audit log of the server calls this client.</summary>
    public string UserAgent { get; init; } = "kube-proxy-sharp";

    /// <summary>The clock of the rate limit and of all that expires.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    /// <summary>Where rotations and refused credentials are told.</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Silence on an HTTP/2 connection after which it is tested (wire notes 3.8).</summary>
    internal TimeSpan PingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for the answer to that test, after which all streams of the connection fail (wire notes 3.8).</summary>
    internal TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Time to connect, TLS included (wire notes 11).</summary>
    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time a credential plugin gets; client-go sets no limit and hangs (wire notes 5.5).</summary>
    internal TimeSpan PluginTimeLimit { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Reads an environment variable.</summary>
    internal Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Where a pod finds its service account (wire notes 5.3).</summary>
    internal string ServiceAccountDirectory { get; init; } = "/var/run/secrets/kubernetes.io/serviceaccount";
}

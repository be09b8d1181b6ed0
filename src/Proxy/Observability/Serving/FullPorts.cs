using System.Net;
using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Reports connections above the limit of a port: each one in the metrics, and once a minute per server in the log.</summary>
/// <param name="metrics">Counts the connections.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class FullPorts(ConnectionMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>The shortest time between two log lines about one server.</summary>
    public static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Unlogged> _unlogged = new(StringComparer.Ordinal);

    /// <summary>Reports a waiting connection that was closed in favour of a new one.</summary>
    public void Evicted(ConnectionLimits limits, EndPoint port)
    {
        metrics.Evicted(limits.Server);
        Add(limits, port, evicted: 1, refused: 0);
    }

    /// <summary>Reports a new connection that was closed because requests of all others were being answered.</summary>
    public void Refused(ConnectionLimits limits, EndPoint port)
    {
        metrics.Refused(limits.Server);
        Add(limits, port, evicted: 0, refused: 1);
    }

    private void Add(ConnectionLimits limits, EndPoint port, int evicted, int refused)
    {
        Unlogged sum;
        lock (_gate)
        {
            _unlogged.TryGetValue(limits.Server, out Unlogged known);
            sum = known with { Evicted = known.Evicted + evicted, Refused = known.Refused + refused };
            bool isLogged = known.LoggedAt is { } loggedAt && time.GetElapsedTime(loggedAt) < LogInterval;
            _unlogged[limits.Server] = isLogged ? sum : new(time.GetTimestamp(), 0, 0);
            if (isLogged)
            {
                return;
            }
        }

        ServingLog.PortFull(logger, limits.Server, port, limits.Most, sum.Evicted, sum.Refused);
    }

    /// <summary>The numbers of connections since the last log line.</summary>
    private readonly record struct Unlogged(long? LoggedAt, int Evicted, int Refused);
}

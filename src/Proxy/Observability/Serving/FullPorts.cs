using System.Net;
using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>Tells when ports have more clients than they may: each one to the metrics, and once a minute for each server to the log.</summary>
/// <param name="metrics">Counts them.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class FullPorts(ConnectionMetrics metrics, TimeProvider time, ILogger logger)
{
    /// <summary>The least time between two lines of the log about one server.</summary>
    public static readonly TimeSpan LogInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Untold> _untold = new(StringComparer.Ordinal);

    /// <summary>A connection that waited for a request made room for a new one.</summary>
    public void Evicted(ConnectionLimits limits, EndPoint port)
    {
        metrics.Evicted(limits.Server);
        Note(limits, port, evicted: 1, refused: 0);
    }

    /// <summary>A new connection was closed, for all others were being answered.</summary>
    public void Refused(ConnectionLimits limits, EndPoint port)
    {
        metrics.Refused(limits.Server);
        Note(limits, port, evicted: 0, refused: 1);
    }

    private void Note(ConnectionLimits limits, EndPoint port, int evicted, int refused)
    {
        Untold sum;
        lock (_gate)
        {
            _untold.TryGetValue(limits.Server, out Untold known);
            sum = known with { Evicted = known.Evicted + evicted, Refused = known.Refused + refused };
            bool isTold = known.ToldAt is { } toldAt && time.GetElapsedTime(toldAt) < LogInterval;
            _untold[limits.Server] = isTold ? sum : new(time.GetTimestamp(), 0, 0);
            if (isTold)
            {
                return;
            }
        }

        ServingLog.Crowded(logger, limits.Server, port, limits.Most, sum.Evicted, sum.Refused);
    }

    /// <summary>What the log does not have yet.</summary>
    private readonly record struct Untold(long? ToldAt, int Evicted, int Refused);
}

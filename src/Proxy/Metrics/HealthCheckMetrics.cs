using System.Buffers;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>The page <c>/metrics/slis</c>: results of the metrics server's own health checks (spec 10.2).</summary>
internal sealed class HealthCheckMetrics : IDisposable
{
    private static readonly KeyValuePair<string, object?> s_ping = new("name", "ping");
    private static readonly KeyValuePair<string, object?> s_healthz = new("type", "healthz");
    private static readonly KeyValuePair<string, object?> s_success = new("status", "success");

    private readonly MetricRegistry _registry;
    private readonly Gauge<double> _last;
    private readonly Counter<long> _results;

    /// <summary>Makes the page.</summary>
    public HealthCheckMetrics(ILogger logger)
    {
        _registry = new("KubeProxySharp.HealthChecks", logger);
        _last = _registry.Gauge(Define("kubernetes_healthcheck", "1 if the last run of a health check succeeded, 0 if not.", "name", "type"));
        _results = _registry.Counter(Define("kubernetes_healthchecks_total", "Results of health checks.", "name", "status", "type"));
        ProcessMetrics.RegisterStartTime(_registry, MetricStability.Alpha);
    }

    /// <summary>The check <c>ping</c> was run for <c>/healthz</c>; it cannot fail.</summary>
    public void Pinged()
    {
        _last.Record(1, s_ping, s_healthz);
        _results.Add(1, s_ping, s_success, s_healthz);
    }

    /// <summary>Forgets all results.</summary>
    public void Reset() => _registry.Reset();

    /// <summary>Writes the page.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format) => _registry.Write(output, format);

    /// <inheritdoc/>
    public void Dispose() => _registry.Dispose();

    private static MetricDefinition Define(string name, string help, params string[] labels) =>
        new(name, help) { Labels = labels, Stability = MetricStability.Stable };
}

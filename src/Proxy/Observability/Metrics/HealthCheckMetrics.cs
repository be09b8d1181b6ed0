using System.Buffers;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The page <c>/metrics/slis</c>: results of the metrics server's own health checks (spec 10.2).</summary>
internal sealed class HealthCheckMetrics
{
    private readonly MetricsPage _page;
    private readonly Gauge _last;
    private readonly Counter _results;

    /// <summary>Makes the page.</summary>
    public HealthCheckMetrics(ILogger logger)
    {
        _page = new(logger);
        _last = _page.Gauge(Define("kubernetes_healthcheck", "1 if the last run of a health check succeeded, 0 if not.", "name", "type"));
        _results = _page.Counter(Define("kubernetes_healthchecks_total", "Results of health checks.", "name", "status", "type"));
        ProcessMetrics.RegisterStartTime(_page, MetricStability.Alpha);
    }

    /// <summary>Records the check <c>ping</c> of <c>/healthz</c>, which cannot fail.</summary>
    public void Pinged()
    {
        _last.WithLabels("ping", "healthz").Set(1);
        _results.WithLabels("ping", "success", "healthz").Inc();
    }

    /// <summary>Removes all results.</summary>
    public void Reset()
    {
        _last.RemoveLabelled("ping", "healthz");
        _results.RemoveLabelled("ping", "success", "healthz");
    }

    /// <summary>Writes the page.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format) => _page.Write(output, format);

    private static MetricDefinition Define(string name, string help, params string[] labels) =>
        new(name, help) { Labels = labels, Stability = MetricStability.Stable };
}

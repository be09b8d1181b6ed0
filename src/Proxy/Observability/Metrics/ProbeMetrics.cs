using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>What the health server answered (spec 10.1).</summary>
internal sealed class ProbeMetrics
{
    private readonly Counter _healthz;
    private readonly Counter _livez;

    /// <summary>Registers the metrics.</summary>
    public ProbeMetrics(MetricsPage page)
    {
        _healthz = page.Counter(MetricDefinition.OfKubeProxy("proxy_healthz_total", "Answers of /healthz by status code.", "code"));
        _livez = page.Counter(MetricDefinition.OfKubeProxy("proxy_livez_total", "Answers of /livez by status code.", "code"));
    }

    /// <summary>A probe was answered with 200, or else with 503.</summary>
    public void Answered(HealthProbe probe, bool isSuccess) =>
        (probe == HealthProbe.Healthz ? _healthz : _livez).WithLabels(isSuccess ? "200" : "503").Inc();
}

/// <summary>The two questions that the health server answers (spec 9.1).</summary>
internal enum HealthProbe
{
    /// <summary><c>/healthz</c>: should traffic come to this node?</summary>
    Healthz,

    /// <summary><c>/livez</c>: does the proxy work?</summary>
    Livez,
}

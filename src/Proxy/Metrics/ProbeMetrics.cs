using System.Diagnostics.Metrics;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>What the health server answered (spec 10.1).</summary>
internal sealed class ProbeMetrics
{
    private static readonly KeyValuePair<string, object?> s_success = new("code", "200");
    private static readonly KeyValuePair<string, object?> s_failure = new("code", "503");

    private readonly Counter<long> _healthz;
    private readonly Counter<long> _livez;

    /// <summary>Registers the metrics.</summary>
    public ProbeMetrics(MetricRegistry registry)
    {
        _healthz = registry.Counter(MetricDefinition.OfKubeProxy("proxy_healthz_total", "Answers of /healthz by status code.", "code"));
        _livez = registry.Counter(MetricDefinition.OfKubeProxy("proxy_livez_total", "Answers of /livez by status code.", "code"));
    }

    /// <summary>A probe was answered with 200, or else with 503.</summary>
    public void Answered(HealthProbe probe, bool isSuccess) =>
        (probe == HealthProbe.Healthz ? _healthz : _livez).Add(1, isSuccess ? s_success : s_failure);
}

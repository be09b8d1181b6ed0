using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>Responses of the health server (spec 10.1).</summary>
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

    /// <summary>Counts a response with status 200 or 503. kube-proxy has no metric for <c>/readyz</c>.</summary>
    public void Answered(HealthProbe probe, bool isSuccess)
    {
        if (probe != HealthProbe.Readyz)
        {
            (probe == HealthProbe.Healthz ? _healthz : _livez).WithLabels(isSuccess ? "200" : "503").Inc();
        }
    }
}

/// <summary>The probes of the health server (spec 9.1).</summary>
internal enum HealthProbe
{
    /// <summary><c>/healthz</c>: whether load balancers should send traffic to this node.</summary>
    Healthz,

    /// <summary><c>/livez</c>: whether the proxy works.</summary>
    Livez,

    /// <summary><c>/readyz</c>: whether the kernel has the rules, also on a node that is about to leave. kube-proxy does not have this.</summary>
    Readyz,
}

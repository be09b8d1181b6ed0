using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// Services that are left out because the kernel refused their rules. All are counted; the first <see cref="MaximumNamed"/>
/// of each family, in order, have a series of their own.
/// </summary>
internal sealed class QuarantineMetrics
{
    /// <summary>The most Services of a family with a series of their own.</summary>
    public const int MaximumNamed = 100;

    private readonly FamilySeries<Gauge.Child> _counts;
    private readonly Lock _lock = new();
    private (IpFamily Family, NamespacedName Service)[] _named = [];

    /// <summary>Registers the metrics.</summary>
    public QuarantineMetrics(MetricsPage page)
    {
        _counts = new(page.Gauge(
            MetricDefinition.Own("quarantined_services", "Services left out because the kernel refused their rules.", MetricDefinition.Family)));
        _counts[IpFamily.IPv4].Set(0);
        _counts[IpFamily.IPv6].Set(0);
        page.ReadGauge(
            MetricDefinition.Own("quarantined_service", $"1 for a Service left out because the kernel refused its rules; of many, the first {MaximumNamed}.", MetricDefinition.Family, "name", "namespace"),
            () => Volatile.Read(ref _named),
            static named => [$"{named.Family}", named.Service.Name, named.Service.Namespace],
            static _ => 1);
    }

    /// <summary>Sets the Services of a family that are left out; the collection is copied.</summary>
    public void Set(IpFamily family, IReadOnlyCollection<NamespacedName> services)
    {
        _counts[family].Set(services.Count);
        lock (_lock)
        {
            Volatile.Write(ref _named, [.. _named.Where(named => named.Family != family), .. services.Order().Take(MaximumNamed).Select(service => (family, service))]);
        }
    }
}

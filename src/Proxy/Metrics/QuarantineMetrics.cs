using System.Diagnostics.Metrics;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>
/// The Services whose rules the kernel refused and that are left out so that the others get theirs. All are counted; the
/// first <see cref="MaximumNamed"/> of each family, in order, are named.
/// </summary>
internal sealed class QuarantineMetrics
{
    /// <summary>The most Services of a family that have a series of their own.</summary>
    public const int MaximumNamed = 100;

    private readonly NamespacedName[][] _services = [[], []];

    /// <summary>Registers the metrics.</summary>
    public QuarantineMetrics(MetricRegistry registry)
    {
        registry.ReadGauge(
            MetricDefinition.Own("quarantined_services", "Services left out because the kernel refused their rules.", MetricTags.Family),
            () => [Count(IpFamily.IPv4), Count(IpFamily.IPv6)]);
        registry.ReadGauge(
            MetricDefinition.Own("quarantined_service", $"1 for a Service left out because the kernel refused its rules; of many, the first {MaximumNamed}.", MetricTags.Family, "name", "namespace"),
            () => [.. Named(IpFamily.IPv4), .. Named(IpFamily.IPv6)]);
    }

    /// <summary>Says which Services of a family are left out now; the collection is copied.</summary>
    public void Set(IpFamily family, IReadOnlyCollection<NamespacedName> services) =>
        Volatile.Write(ref _services[(int)family], [.. services.Order()]);

    private Measurement<double> Count(IpFamily family) => new(Volatile.Read(ref _services[(int)family]).Length, MetricTags.Of(family));

    private IEnumerable<Measurement<double>> Named(IpFamily family) =>
        Volatile.Read(ref _services[(int)family]).Take(MaximumNamed).Select(service => new Measurement<double>(
            1,
            (ReadOnlySpan<KeyValuePair<string, object?>>)[MetricTags.Of(family), new("name", service.Name), new("namespace", service.Namespace)]));
}

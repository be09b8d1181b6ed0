using KubeProxySharp.RuleModel.Addresses;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The series of a metric for the two address families, looked up once.</summary>
/// <param name="metric">The metric; <see cref="MetricDefinition.Family"/> is its first label.</param>
/// <param name="otherLabels">The values of its other labels.</param>
internal sealed class FamilySeries<T>(Collector<T> metric, params string[] otherLabels)
    where T : ChildBase
{
    private readonly T[] _series = [metric.WithLabels(["IPv4", .. otherLabels]), metric.WithLabels(["IPv6", .. otherLabels])];

    /// <summary>The series of a family.</summary>
    public T this[IpFamily family] => _series[(int)family];
}

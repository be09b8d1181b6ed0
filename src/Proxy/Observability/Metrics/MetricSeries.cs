using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Addresses;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// The series of a metric whose label values are not known in advance, each looked up once. Their number is limited: updates
/// of further series are dropped and counted, so that labels cannot exhaust the node's memory.
/// </summary>
/// <param name="metric">The metric.</param>
/// <param name="labels">The label values of a key.</param>
/// <param name="dropped">Counts dropped updates.</param>
internal sealed class BoundedSeries<TKey, T>(Collector<T> metric, Func<TKey, string[]> labels, Counter dropped)
    where TKey : notnull
    where T : ChildBase
{
    /// <summary>The most series of a metric.</summary>
    public const int Maximum = 512;

    private readonly ConcurrentDictionary<TKey, T> _series = new();
    private readonly Lock _adding = new();

    /// <summary>The series of a key; null if there are too many, which is counted as a dropped update.</summary>
    public T? this[TKey key] => _series.TryGetValue(key, out T? series) ? series : Add(key);

    private T? Add(TKey key)
    {
        lock (_adding)
        {
            if (_series.Count >= Maximum && !_series.ContainsKey(key))
            {
                dropped.Inc();
                return null;
            }

            return _series.GetOrAdd(key, _ => metric.WithLabels(labels(key)));
        }
    }
}

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

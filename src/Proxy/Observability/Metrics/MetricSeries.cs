using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Addresses;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// The series of a metric whose label values nobody knows beforehand, each looked up once. Their number is bounded: updates
/// of further ones are dropped and counted, so that no label can eat the node's memory.
/// </summary>
/// <param name="metric">The metric.</param>
/// <param name="labels">The label values of a key.</param>
/// <param name="dropped">Counts updates that were dropped.</param>
internal sealed class BoundedSeries<TKey, T>(Collector<T> metric, Func<TKey, string[]> labels, Counter dropped)
    where TKey : notnull
    where T : ChildBase
{
    /// <summary>The most series a metric may have.</summary>
    public const int Maximum = 512;

    private readonly ConcurrentDictionary<TKey, T> _series = new();
    private readonly Lock _adding = new();

    /// <summary>The series of a key, for one update; null when there are too many.</summary>
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

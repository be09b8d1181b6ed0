namespace KubeProxySharp.Proxy.Metrics;

/// <summary>
/// A metric with all its series. Thread-safe. An update of a series that exists allocates nothing. The number of series
/// is bounded: updates of further ones are dropped and counted, so that no label can eat the node's memory.
/// </summary>
/// <param name="definition">What is fixed about it.</param>
/// <param name="kind">Its type.</param>
/// <param name="isRead">Whether its values are read anew for every scrape; series that a reading lacks vanish.</param>
internal sealed class MetricFamily(MetricDefinition definition, MetricKind kind, bool isRead)
{
    /// <summary>The most series a family may have.</summary>
    public const int MaximumSeries = 512;

    private readonly Lock _lock = new();
    private readonly List<MetricSeries> _series = [];

    /// <summary>What is fixed about it.</summary>
    public MetricDefinition Definition { get; } = definition;

    /// <summary>Its type.</summary>
    public MetricKind Kind { get; } = kind;

    /// <summary>Updates that were dropped because there were too many series.</summary>
    public long DroppedUpdates { get; private set; }

    /// <summary>Takes a measurement: added to a counter, set in a gauge, observed by a histogram.</summary>
    /// <exception cref="InvalidOperationException">The tags are not those of the definition.</exception>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        lock (_lock)
        {
            if (Find(tags) is not { } series)
            {
                DroppedUpdates++;
                return;
            }

            bool isAdded = Kind != MetricKind.Gauge && !isRead;
            series.Value = isAdded ? series.Value + value : value;
            if (Kind == MetricKind.Histogram)
            {
                series.Buckets[BucketOf(value)]++;
            }
        }
    }

    /// <summary>Forgets all series; a family without labels starts again at 0.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _series.Clear();
            if (Definition.Labels.Length == 0 && !isRead)
            {
                _ = Find([]);
            }
        }
    }

    /// <summary>Makes room for new readings, if that is how the family gets its values.</summary>
    public void BeginReading()
    {
        if (isRead)
        {
            Reset();
        }
    }

    /// <summary>Writes the family; nothing if it has no series.</summary>
    public void Write(ref ExpositionWriter writer)
    {
        lock (_lock)
        {
            if (_series.Count == 0)
            {
                return;
            }

            writer.WriteHeader(this);
            foreach (MetricSeries series in _series)
            {
                writer.WriteSeries(this, series);
            }
        }
    }

    private int BucketOf(double value)
    {
        int bucket = 0;
        while (bucket < Definition.Buckets.Length && value > Definition.Buckets[bucket])
        {
            bucket++;
        }

        return bucket;
    }

    private MetricSeries? Find(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != Definition.Labels.Length)
        {
            throw new InvalidOperationException($"{Definition.Name} has {Definition.Labels.Length} labels, not {tags.Length}");
        }

        foreach (MetricSeries series in _series)
        {
            if (series.Matches(tags))
            {
                return series;
            }
        }

        return _series.Count < MaximumSeries ? Add(tags) : null;
    }

    private MetricSeries Add(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string[] values = new string[tags.Length];
        for (int index = 0; index < tags.Length; index++)
        {
            if (!string.Equals(tags[index].Key, Definition.Labels[index], StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"{Definition.Name} has the label {Definition.Labels[index]}, not {tags[index].Key}, at place {index}");
            }

            values[index] = tags[index].Value as string
                ?? throw new InvalidOperationException($"the label {tags[index].Key} of {Definition.Name} must be a string");
        }

        MetricSeries series = new(values, Kind == MetricKind.Histogram ? Definition.Buckets.Length + 1 : 0);
        int place = _series.FindIndex(other => other.IsAfter(series));
        _series.Insert(place < 0 ? _series.Count : place, series);
        return series;
    }
}

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>The numbers of one combination of label values. Its family guards it.</summary>
/// <param name="labelValues">The label values, in the family's label order.</param>
/// <param name="bucketCount">Number of buckets, the one without a bound included; 0 unless it is a histogram.</param>
internal sealed class MetricSeries(string[] labelValues, int bucketCount)
{
    /// <summary>The label values.</summary>
    public string[] LabelValues { get; } = labelValues;

    /// <summary>The value, or the sum of all observations.</summary>
    public double Value { get; set; }

    /// <summary>Observations by bucket, each counted once.</summary>
    public long[] Buckets { get; } = bucketCount == 0 ? [] : new long[bucketCount];

    /// <summary>Whether the series is that of some tags; only their values are looked at.</summary>
    public bool Matches(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        for (int index = 0; index < LabelValues.Length; index++)
        {
            if (!string.Equals(LabelValues[index], tags[index].Value as string, StringComparison.Ordinal))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether the exposition lists the series after another: by label values.</summary>
    public bool IsAfter(MetricSeries other)
    {
        for (int index = 0; index < LabelValues.Length; index++)
        {
            int order = string.CompareOrdinal(LabelValues[index], other.LabelValues[index]);
            if (order != 0)
            {
                return order > 0;
            }
        }

        return false;
    }
}

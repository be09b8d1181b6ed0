using System.Globalization;

namespace KubeProxySharp.Soak;

/// <summary>How long things took.</summary>
internal sealed class Delays
{
    private readonly Lock _lock = new();
    private readonly List<double> _milliseconds = [];

    public void Add(TimeSpan delay)
    {
        lock (_lock)
        {
            _milliseconds.Add(delay.TotalMilliseconds);
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        lock (_lock)
        {
            if (_milliseconds.Count == 0)
            {
                return "none";
            }

            double[] sorted = [.. _milliseconds.Order()];
            return string.Create(
                CultureInfo.InvariantCulture,
                $"p50 {sorted[(sorted.Length - 1) / 2]:f0} ms, p99 {sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1]:f0} ms, worst {sorted[^1]:f0} ms ({sorted.Length})");
        }
    }
}

using System.Diagnostics.Metrics;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>Whether this node still hears from the API server.</summary>
internal sealed class WatchMetrics
{
    private static readonly KeyValuePair<string, object?>[] s_resources =
        [new("resource", "services"), new("resource", "endpointslices"), new("resource", "nodes"), new("resource", "servicecidrs")];

    private static readonly KeyValuePair<string, object?>[] s_states =
        [new("state", "idle"), new("state", "listing"), new("state", "watching"), new("state", "backing_off")];

    private readonly TimeProvider _time;
    private readonly int[] _current = new int[s_resources.Length];
    private readonly Gauge<double> _lastEvent;
    private readonly Counter<long> _failures;

    /// <summary>Registers the metrics.</summary>
    public WatchMetrics(MetricRegistry registry, TimeProvider time)
    {
        _time = time;
        registry.ReadGauge(MetricDefinition.Own("watch_state", "1 for what the watch of a resource is doing now, 0 for the other states.", "resource", "state"), States);
        _lastEvent = registry.Gauge(MetricDefinition.Own("watch_last_event_timestamp_seconds", "Unix time of the last event or bookmark of a watch.", "resource"));
        _failures = registry.Counter(MetricDefinition.Own("watch_failures_total", "Lists and watches that failed.", "resource"));
    }

    /// <summary>A watch enters a state; entering <see cref="WatchState.BackingOff"/> counts as a failure.</summary>
    public void Entered(WatchedResource resource, WatchState state)
    {
        Volatile.Write(ref _current[(int)resource], (int)state);
        if (state == WatchState.BackingOff)
        {
            _failures.Add(1, s_resources[(int)resource]);
        }
    }

    /// <summary>A watch delivered an event or a bookmark.</summary>
    public void EventReceived(WatchedResource resource) =>
        _lastEvent.Record(_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0, s_resources[(int)resource]);

    private IEnumerable<Measurement<double>> States()
    {
        for (int resource = 0; resource < s_resources.Length; resource++)
        {
            int current = Volatile.Read(ref _current[resource]);
            for (int state = 0; state < s_states.Length; state++)
            {
                yield return new(state == current ? 1 : 0, s_resources[resource], s_states[state]);
            }
        }
    }
}

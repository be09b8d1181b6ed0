using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The watches of the API server.</summary>
internal sealed class WatchMetrics
{
    private static readonly string[] s_resources = ["services", "endpointslices", "nodes", "servicecidrs"];
    private static readonly string[] s_states = ["idle", "listing", "watching", "backing_off"];

    private readonly TimeProvider _time;
    private readonly int[] _current = new int[s_resources.Length];
    private readonly Gauge.Child[][] _states;
    private readonly Gauge.Child[] _lastEvent;
    private readonly Counter.Child[] _failures;

    /// <summary>Registers the metrics.</summary>
    public WatchMetrics(MetricsPage page, TimeProvider time)
    {
        _time = time;
        Gauge state = page.Gauge(MetricDefinition.Own("watch_state", "1 for what the watch of a resource is doing now, 0 for the other states.", "resource", "state"));
        Gauge lastEvent = page.Gauge(MetricDefinition.Own("watch_last_event_timestamp_seconds", "Unix time of the last event or bookmark of a watch.", "resource"));
        Counter failures = page.Counter(MetricDefinition.Own("watch_failures_total", "Lists and watches that failed.", "resource"));
        _states = [.. s_resources.Select(resource => (Gauge.Child[])[.. s_states.Select(name => state.WithLabels(resource, name))])];
        _lastEvent = [.. s_resources.Select(resource => lastEvent.WithLabels(resource))];
        _failures = [.. s_resources.Select(resource => failures.WithLabels(resource))];
        page.BeforeScrape(ShowStates);
    }

    /// <summary>Sets the state of a watch; entering <see cref="WatchState.BackingOff"/> counts as a failure.</summary>
    public void Entered(WatchedResource resource, WatchState state)
    {
        Volatile.Write(ref _current[(int)resource], (int)state);
        if (state == WatchState.BackingOff)
        {
            _failures[(int)resource].Inc();
        }
    }

    /// <summary>Records an event or a bookmark of a watch.</summary>
    public void EventReceived(WatchedResource resource) =>
        _lastEvent[(int)resource].Set(_time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0);

    /// <summary>What each watch is doing, and the time of its last event or bookmark.</summary>
    public IEnumerable<(string Resource, string State, DateTimeOffset? LastEvent)> Read() => s_resources.Select((resource, index) => (
        resource,
        s_states[Volatile.Read(ref _current[index])],
        _lastEvent[index].Value is > 0 and double seconds ? DateTimeOffset.FromUnixTimeMilliseconds((long)(seconds * 1000)) : (DateTimeOffset?)null));

    private void ShowStates()
    {
        for (int resource = 0; resource < s_resources.Length; resource++)
        {
            int current = Volatile.Read(ref _current[resource]);
            for (int state = 0; state < s_states.Length; state++)
            {
                _states[resource][state].Set(state == current ? 1 : 0);
            }
        }
    }
}

/// <summary>The resources of the API server that are watched (spec 13.1).</summary>
internal enum WatchedResource
{
    /// <summary><c>v1</c> services.</summary>
    Services,

    /// <summary><c>discovery.k8s.io/v1</c> endpointslices.</summary>
    EndpointSlices,

    /// <summary><c>v1</c> nodes: this node.</summary>
    Nodes,

    /// <summary><c>networking.k8s.io/v1</c> servicecidrs.</summary>
    ServiceCidrs,
}

/// <summary>What a watch is doing.</summary>
internal enum WatchState
{
    /// <summary>Not yet started.</summary>
    Idle,

    /// <summary>Reading the whole list.</summary>
    Listing,

    /// <summary>Following changes: what this node knows is current.</summary>
    Watching,

    /// <summary>Waiting before it tries again after a failure: what this node knows grows old.</summary>
    BackingOff,
}

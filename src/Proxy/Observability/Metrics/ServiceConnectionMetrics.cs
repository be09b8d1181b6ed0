using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// New connections of service ports (<c>--service-counters</c>). A scrape has them read anew, so all of these metrics are of the same
/// moment. A series that is not set any more ends.
/// </summary>
internal sealed class ServiceConnectionMetrics
{
    private readonly Counter _connections;
    private readonly Gauge _summed;
    private readonly Dictionary<SeriesKey, Series> _series = [];
    private Action? _read;
    private uint _update;
    private IReadOnlyList<ServiceRate> _rates = [];

    /// <summary>Registers the metrics.</summary>
    /// <param name="page">The page.</param>
    /// <param name="isOn">Whether connections are counted; there are no such metrics otherwise.</param>
    public ServiceConnectionMetrics(MetricsPage page, bool isOn)
    {
        IsOn = isOn;
        _connections = page.Counter(
            MetricDefinition.Own(
                "service_connections_total",
                "New connections of a service port that were sent to an endpoint, and packets that were refused or dropped instead. Series without a service have those of all service ports without series of their own.",
                MetricDefinition.Family, "namespace", "service", "port", "protocol", "group", "fate"),
            isOn);
        _summed = page.Gauge(MetricDefinition.Own("service_connections_summed_ports", "Service ports without series of their own in kubeproxysharp_service_connections_total."), isOn);
        if (isOn)
        {
            page.BeforeScrape(() => Volatile.Read(ref _read)?.Invoke());
        }
    }

    /// <summary>Whether connections are counted.</summary>
    public bool IsOn { get; }

    /// <summary>The service ports with the most new connections per second, the most first.</summary>
    public IReadOnlyList<ServiceRate> Rates => Volatile.Read(ref _rates);

    /// <summary>Sets what a scrape calls first, from any thread: it may make an update, and must not throw.</summary>
    public void ReadBy(Action read) => Volatile.Write(ref _read, read);

    /// <summary>Makes an update. Updates come one after the other.</summary>
    /// <param name="summedPorts">The number of service ports without series of their own.</param>
    /// <param name="rates">The service ports with the most new connections per second, the most first.</param>
    /// <param name="set">Sets the series: called once, with what sets one.</param>
    public void Update(int summedPorts, IReadOnlyList<ServiceRate> rates, Action<SetSeries> set)
    {
        _update++;
        set(Set);
        foreach ((SeriesKey key, Series series) in _series)
        {
            if (series.Update != _update)
            {
                _connections.RemoveLabelled(series.Labels);
                _series.Remove(key); // permitted while they are enumerated
            }
        }

        _summed.Set(summedPorts);
        Volatile.Write(ref _rates, rates);
    }

    private void Set(ServicePortName? port, string family, string group, string fate, ulong total)
    {
        SeriesKey key = new(port, family, group, fate);
        if (!_series.TryGetValue(key, out Series? series))
        {
            string[] labels = port is { } name
                ? [family, name.Service.Namespace, name.Service.Name, name.Port, name.Protocol.ToUpperText(), group, fate]
                : [family, "", "", "", "", group, fate];
            series = new(labels, _connections.WithLabels(labels));
            _series.Add(key, series);
        }

        series.Child.IncTo(total);
        series.Update = _update;
    }

    private readonly record struct SeriesKey(ServicePortName? Port, string Family, string Group, string Fate);

    private sealed class Series(string[] labels, Counter.Child child)
    {
        public string[] Labels => labels;

        public Counter.Child Child => child;

        public uint Update { get; set; }
    }
}

/// <summary>The new connections of a service port per second lately, refused packets among them.</summary>
internal readonly record struct ServiceRate(ServicePortName Port, double PerSecond);

/// <summary>Sets a series of <c>kubeproxysharp_service_connections_total</c>.</summary>
/// <param name="port">The service port; null for the sum of those without series of their own.</param>
/// <param name="family">The label of the family.</param>
/// <param name="group">The label of the endpoint group.</param>
/// <param name="fate">The label of the fate.</param>
/// <param name="total">The value, which is never lower than before.</param>
internal delegate void SetSeries(ServicePortName? port, string family, string group, string fate, ulong total);

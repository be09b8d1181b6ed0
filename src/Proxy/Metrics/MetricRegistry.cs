using System.Buffers;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>
/// The metrics of one page: instruments of <see cref="Meter"/> on one side, Prometheus text on the other. A metric that is
/// not registered has an instrument whose updates do nothing, as in kube-proxy (spec 10.1).
/// </summary>
internal sealed class MetricRegistry : IDisposable
{
    private readonly Meter _meter;
    private readonly MeterListener _listener = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly Lock _scraping = new();
    private readonly ILogger _logger;

    /// <summary>Makes an empty page.</summary>
    /// <param name="name">Name of the meter.</param>
    /// <param name="logger">Where a reading that fails is reported.</param>
    public MetricRegistry(string name, ILogger logger)
    {
        _meter = new(name);
        _logger = logger;
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.Start();
    }

    /// <summary>The metrics, ordered by name.</summary>
    public IReadOnlyCollection<MetricFamily> Families => _families.Values;

    /// <summary>Adds a counter.</summary>
    public Counter<long> Counter(MetricDefinition definition, bool isRegistered = true) =>
        Register(_meter.CreateCounter<long>(definition.Name), definition, MetricKind.Counter, isRegistered);

    /// <summary>Adds a gauge.</summary>
    public Gauge<double> Gauge(MetricDefinition definition, bool isRegistered = true) =>
        Register(_meter.CreateGauge<double>(definition.Name), definition, MetricKind.Gauge, isRegistered);

    /// <summary>Adds a histogram.</summary>
    public Histogram<double> Histogram(MetricDefinition definition, bool isRegistered = true) =>
        Register(_meter.CreateHistogram<double>(definition.Name), definition, MetricKind.Histogram, isRegistered);

    /// <summary>Adds a counter whose values are read for each scrape.</summary>
    public void ReadCounter(MetricDefinition definition, Func<IEnumerable<Measurement<double>>> read, bool isRegistered = true) =>
        Register(_meter.CreateObservableCounter(definition.Name, read), definition, MetricKind.Counter, isRegistered, isRead: true);

    /// <summary>Adds a gauge whose values are read for each scrape.</summary>
    public void ReadGauge(MetricDefinition definition, Func<IEnumerable<Measurement<double>>> read, bool isRegistered = true) =>
        Register(_meter.CreateObservableGauge(definition.Name, read), definition, MetricKind.Gauge, isRegistered, isRead: true);

    /// <summary>Forgets everything that was counted.</summary>
    public void Reset()
    {
        foreach (MetricFamily family in _families.Values)
        {
            family.Reset();
        }
    }

    /// <summary>Reads what is read on demand, and writes the page. One scrape at a time; short, since it is all in memory.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format)
    {
        lock (_scraping)
        {
            Read();
            ExpositionWriter writer = new(output, format);
            foreach (MetricFamily family in _families.Values)
            {
                family.Write(ref writer);
            }

            writer.Finish();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        _meter.Dispose();
    }

    private void Read()
    {
        foreach (MetricFamily family in _families.Values)
        {
            family.BeginReading();
        }

        try
        {
            _listener.RecordObservableInstruments();
        }
        catch (AggregateException exception)
        {
            // The other metrics are still worth a page.
            MetricsLog.ReadingFailed(_logger, exception);
        }
    }

    private T Register<T>(T instrument, MetricDefinition definition, MetricKind kind, bool isRegistered, bool isRead = false)
        where T : Instrument
    {
        if (isRegistered)
        {
            MetricFamily family = new(definition, kind, isRead);
            family.Reset();
            _families.Add(definition.Name, family);
            _listener.EnableMeasurementEvents(instrument, family);
        }

        return instrument;
    }
}

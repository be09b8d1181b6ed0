using System.Buffers;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// The metrics of one page. A metric that is not registered takes updates and is on no page, as in kube-proxy (spec 10.1).
/// Series with labels appear with their first update.
/// </summary>
/// <param name="logger">Where a reading that fails is reported.</param>
internal sealed class MetricsPage(ILogger logger)
{
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly CollectorRegistry _unregistered = Prometheus.Metrics.NewCustomRegistry();
    private readonly SortedDictionary<string, int> _registered = new(StringComparer.Ordinal);
    private readonly Lock _scraping = new();
    private int _usualLength;

    /// <summary>How many metrics are registered, by the name of their stability.</summary>
    public IReadOnlyDictionary<string, int> Registered => _registered;

    /// <summary>Adds a counter.</summary>
    public Counter Counter(MetricDefinition definition, bool isRegistered = true, bool isRead = false) =>
        Factory(definition, isRegistered).CreateCounter(definition.Name, definition.FullHelp, new CounterConfiguration
        {
            LabelNames = definition.Labels,
            SuppressInitialValue = isRead || definition.Labels.Length != 0,
        });

    /// <summary>Adds a gauge.</summary>
    public Gauge Gauge(MetricDefinition definition, bool isRegistered = true, bool isRead = false) =>
        Factory(definition, isRegistered).CreateGauge(definition.Name, definition.FullHelp, new GaugeConfiguration
        {
            LabelNames = definition.Labels,
            SuppressInitialValue = isRead || definition.Labels.Length != 0,
        });

    /// <summary>Adds a histogram.</summary>
    public Histogram Histogram(MetricDefinition definition, bool isRegistered = true) =>
        Factory(definition, isRegistered).CreateHistogram(definition.Name, definition.FullHelp, new HistogramConfiguration
        {
            LabelNames = definition.Labels,
            Buckets = definition.Buckets,
            SuppressInitialValue = definition.Labels.Length != 0,
        });

    /// <summary>Adds a counter that is read for each scrape, and is missing from it when there is no reading.</summary>
    /// <param name="definition">What is fixed about it; it has no labels.</param>
    /// <param name="read">Reads it. A reading that is less than the one before began at 0 again.</param>
    /// <param name="isRegistered">Whether the page has it.</param>
    public void ReadCounter(MetricDefinition definition, Func<double?> read, bool isRegistered = true)
    {
        Counter counter = Counter(definition, isRegistered, isRead: true);
        double before = 0;
        double last = 0;
        BeforeScrape(() => Read(read, counter.Unpublish, reading =>
        {
            before += reading < last ? last : 0;
            last = reading;
            counter.IncTo(before + reading);
        }));
    }

    /// <summary>Adds a gauge that is read for each scrape, and is missing from it when there is no reading.</summary>
    /// <param name="definition">What is fixed about it; it has no labels.</param>
    /// <param name="read">Reads it.</param>
    public void ReadGauge(MetricDefinition definition, Func<double?> read)
    {
        Gauge gauge = Gauge(definition, isRead: true);
        BeforeScrape(() => Read(read, gauge.Unpublish, gauge.Set));
    }

    /// <summary>Adds a gauge whose series are those of a list; series that the next list lacks vanish.</summary>
    /// <param name="definition">What is fixed about it.</param>
    /// <param name="read">Reads the list for each scrape; a list does not change once it is given out.</param>
    /// <param name="labels">The label values of an entry.</param>
    /// <param name="value">The value of an entry.</param>
    public void ReadGauge<T>(MetricDefinition definition, Func<IReadOnlyList<T>> read, Func<T, string[]> labels, Func<T, double> value)
    {
        Gauge gauge = Gauge(definition);
        IReadOnlyList<T> shown = [];
        BeforeScrape(() =>
        {
            IReadOnlyList<T> list = read();
            if (ReferenceEquals(list, shown))
            {
                return;
            }

            foreach (string[] gone in gauge.GetAllLabelValues().ToArray())
            {
                gauge.RemoveLabelled(gone);
            }

            foreach (T entry in list)
            {
                gauge.WithLabels(labels(entry)).Set(value(entry));
            }

            shown = list;
        });
    }

    /// <summary>Has metrics brought up to date before each scrape.</summary>
    public void BeforeScrape(Action update) => _registry.AddBeforeCollectCallback(update);

    /// <summary>Writes the page. One scrape at a time; short, since it is all in memory.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format)
    {
        lock (_scraping)
        {
            using MemoryStream text = new(_usualLength);
            // Nothing of this waits: the stream is memory, and updates before a scrape are made at once.
            _registry.CollectAndExportAsTextAsync(text, format).GetAwaiter().GetResult();
            _usualLength = (int)text.Length;
            ExpositionText.Write(text.GetBuffer().AsSpan(0, _usualLength), format, output);
        }
    }

    private MetricFactory Factory(MetricDefinition definition, bool isRegistered)
    {
        if (isRegistered)
        {
            _registered[definition.StabilityName] = _registered.GetValueOrDefault(definition.StabilityName) + 1;
        }

        MetricFactory factory = Prometheus.Metrics.WithCustomRegistry(isRegistered ? _registry : _unregistered);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        return factory;
    }

    private void Read(Func<double?> read, Action withdraw, Action<double> publish)
    {
        try
        {
            if (read() is { } reading)
            {
                publish(reading);
                return;
            }
        }
        catch (Exception exception)
        {
            // The other metrics are still worth a page.
            MetricsLog.ReadingFailed(logger, exception);
        }

        withdraw();
    }
}

/// <summary>The log lines of this folder.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(1500, LogLevel.Warning, "Some metrics could not be read for a scrape, and are missing from it")]
    public static partial void ReadingFailed(ILogger logger, Exception exception);
}

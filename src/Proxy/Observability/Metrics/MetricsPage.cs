using System.Buffers;
using Microsoft.Extensions.Logging;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>
/// The metrics of one page. A metric that is not registered accepts updates but is on no page, as in kube-proxy (spec 10.1).
/// Series with labels appear with their first update.
/// </summary>
/// <param name="logger">The log of failed readings.</param>
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

    /// <summary>Adds a counter that is read for each scrape, and is left out if there is no reading.</summary>
    /// <param name="definition">The definition; without labels.</param>
    /// <param name="read">Reads it. A lower reading than the one before means that it was reset to 0.</param>
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

    /// <summary>Adds a gauge that is read for each scrape, and is left out if there is no reading.</summary>
    /// <param name="definition">The definition; without labels.</param>
    /// <param name="read">Reads it; null for no reading.</param>
    public void ReadGauge(MetricDefinition definition, Func<double?> read)
    {
        Gauge gauge = Gauge(definition, isRead: true);
        BeforeScrape(() => Read(read, gauge.Unpublish, gauge.Set));
    }

    /// <summary>Adds a gauge with one series per entry of a list; series that are not in the next list are removed.</summary>
    /// <param name="definition">The definition.</param>
    /// <param name="read">Reads the list for each scrape; a returned list must not change.</param>
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

    /// <summary>Adds an update of metrics that runs before each scrape. If it fails, the page is written with the values of before.</summary>
    public void BeforeScrape(Action update) => _registry.AddBeforeCollectCallback(() =>
    {
        try
        {
            update();
        }
        catch (Exception exception)
        {
            MetricsLog.ReadingFailed(logger, exception);
        }
    });

    /// <summary>Writes the page. One scrape at a time; all data is in memory.</summary>
    public void Write(IBufferWriter<byte> output, ExpositionFormat format)
    {
        lock (_scraping)
        {
            using MemoryStream text = new(_usualLength);
            // Completes synchronously: the stream is in memory, and updates before a scrape do not wait.
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
            // The page is written without this metric.
            MetricsLog.ReadingFailed(logger, exception);
        }

        withdraw();
    }
}

/// <summary>Messages of the metrics, id 1500.</summary>
internal static partial class MetricsLog
{
    [LoggerMessage(1500, LogLevel.Warning, "Some metrics could not be read for a scrape, and are missing from it")]
    public static partial void ReadingFailed(ILogger logger, Exception exception);
}

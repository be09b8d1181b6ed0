using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Metrics;

public sealed class ExpositionWriterTests
{
    private static readonly MetricDefinition s_counter = new("a_total", "back\\slash \"quoted\"\nsecond") { Labels = ["x", "y"], Stability = MetricStability.Alpha };
    private static readonly MetricDefinition s_histogram = new("b_seconds", "Time.") { Labels = ["x"], Buckets = [0.5, 1, 1000000] };

    [Fact]
    public void PrometheusTextIsExact()
    {
        Write(ExpositionFormat.Prometheus).Should().Be(
            """
            # HELP a_total [ALPHA] back\\slash "quoted"\nsecond
            # TYPE a_total counter
            a_total{x="1",y="b"} 1
            a_total{x="q\"\\\nz",y="ü"} 2
            # HELP b_seconds Time.
            # TYPE b_seconds histogram
            b_seconds_bucket{x="1",le="0.5"} 1
            b_seconds_bucket{x="1",le="1"} 2
            b_seconds_bucket{x="1",le="1e+06"} 2
            b_seconds_bucket{x="1",le="+Inf"} 3
            b_seconds_sum{x="1"} 2.0000015e+06
            b_seconds_count{x="1"} 3
            # HELP c Plain.
            # TYPE c gauge
            c 0.25

            """);
    }

    [Fact]
    public void OpenMetricsTextIsExact()
    {
        Write(ExpositionFormat.OpenMetrics).Should().Be(
            """
            # HELP a [ALPHA] back\\slash \"quoted\"\nsecond
            # TYPE a counter
            a_total{x="1",y="b"} 1
            a_total{x="q\"\\\nz",y="ü"} 2
            # HELP b_seconds Time.
            # TYPE b_seconds histogram
            b_seconds_bucket{x="1",le="0.5"} 1
            b_seconds_bucket{x="1",le="1.0"} 2
            b_seconds_bucket{x="1",le="1e+06"} 2
            b_seconds_bucket{x="1",le="+Inf"} 3
            b_seconds_sum{x="1"} 2.0000015e+06
            b_seconds_count{x="1"} 3
            # HELP c Plain.
            # TYPE c gauge
            c 0.25
            # EOF

            """);
    }

    [Fact]
    public void WrongLabelsAreRefused()
    {
        using MetricRegistry registry = new("test", NullLogger.Instance);
        System.Diagnostics.Metrics.Counter<long> counter = registry.Counter(s_counter);

        FluentActions.Invoking(() => counter.Add(1, new("y", "1"), new("x", "2"))).Should().Throw<InvalidOperationException>().WithMessage("a_total has the label x, not y, at place 0");
        FluentActions.Invoking(() => counter.Add(1, new KeyValuePair<string, object?>("x", "1"))).Should().Throw<InvalidOperationException>();
    }

    [Fact]
    public void AReadingThatFailsLeavesTheOthers()
    {
        using MetricRegistry registry = new("test", NullLogger.Instance);
        registry.ReadGauge(new("bad", "Fails."), static () => throw new IOException("no such file"));
        registry.ReadGauge(new("good", "Works."), static () => [new(1)]);

        ArrayBufferWriter<byte> output = new();
        registry.Write(output, ExpositionFormat.Prometheus);

        Encoding.UTF8.GetString(output.WrittenSpan).Should().Be("# HELP good Works.\n# TYPE good gauge\ngood 1\n");
    }

    private static string Write(ExpositionFormat format)
    {
        using MetricRegistry registry = new("test", NullLogger.Instance);
        System.Diagnostics.Metrics.Counter<long> counter = registry.Counter(s_counter);
        counter.Add(2, new("x", "q\"\\\nz"), new("y", "ü"));
        counter.Add(1, new("x", "1"), new("y", "b"));
        System.Diagnostics.Metrics.Histogram<double> histogram = registry.Histogram(s_histogram);
        histogram.Record(0.5, new KeyValuePair<string, object?>("x", "1"));
        histogram.Record(1, new KeyValuePair<string, object?>("x", "1"));
        histogram.Record(2000000, new KeyValuePair<string, object?>("x", "1"));
        registry.Gauge(new("c", "Plain.")).Record(0.25);
        registry.Counter(new("d_total", "Not registered."), isRegistered: false).Add(1);
        ArrayBufferWriter<byte> output = new();
        registry.Write(output, format);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

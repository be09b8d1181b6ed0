using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Observability.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Prometheus;

namespace KubeProxySharp.Proxy.Tests.Observability.Metrics;

/// <summary>Makes metrics and reads them.</summary>
internal static class Scrape
{
    public static ProxyMetrics NewMetrics(string mode = "iptables", ulong? nfacct = null, bool hasServiceCounters = false) => new(
        new ProxyMetricsOptions
        {
            Mode = mode,
            FeatureGates = [new("AllowServiceExternalIPs", "DEPRECATED", IsEnabled: true), new("NativeHistograms", "ALPHA", IsEnabled: false)],
            InvalidDroppedPackets = () => nfacct,
            LocalhostAcceptedPackets = () => nfacct,
            HasServiceCounters = hasServiceCounters,
        },
        TimeProvider.System,
        NullLogger.Instance);

    public static string Text(ProxyMetrics metrics, ExpositionFormat format = ExpositionFormat.PrometheusText) => Text(output => metrics.Write(output, format));

    public static string Text(MetricsPage page, ExpositionFormat format = ExpositionFormat.PrometheusText) => Text(output => page.Write(output, format));

    public static Exposition Read(ProxyMetrics metrics) => Exposition.Parse(Text(metrics));

    private static string Text(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

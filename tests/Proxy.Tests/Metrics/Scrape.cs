using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Metrics;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Tests.Metrics;

/// <summary>Makes metrics and reads them.</summary>
internal static class Scrape
{
    public static ProxyMetrics NewMetrics(string mode = "iptables", ulong? nfacct = null) => new(
        new ProxyMetricsOptions
        {
            Mode = mode,
            FeatureGates = [new("AllowServiceExternalIPs", "DEPRECATED", IsEnabled: true), new("NativeHistograms", "ALPHA", IsEnabled: false)],
            InvalidDroppedPackets = () => nfacct,
            LocalhostAcceptedPackets = () => nfacct,
        },
        TimeProvider.System,
        NullLogger.Instance);

    public static string Text(ProxyMetrics metrics, ExpositionFormat format = ExpositionFormat.Prometheus)
    {
        ArrayBufferWriter<byte> output = new();
        metrics.Write(output, format);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public static Exposition Read(ProxyMetrics metrics) => Exposition.Parse(Text(metrics));
}

using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Commands.Bundle.Anonymize;
using KubeProxySharp.Proxy.Observability.Status;

namespace KubeProxySharp.Proxy.Tests.Commands.Bundle.Anonymize;

/// <summary>Nothing of a site stays in the state of an agent.</summary>
public sealed class StatusAnonymizerTests
{
    private const string Name = "quagga/zebra:okapi";
    private const string Text = "quagga zebra okapi";

    /// <summary>Each text that is not a word of the program is one of the site; a new part of the state has to be added here too.</summary>
    [Fact]
    public void NamesAndMessagesAreReplacedInEachPart()
    {
        StatusReport report = new(
            1, DateTimeOffset.UnixEpoch, new(true, true, true, true, Text, [Text]),
            new("quagga-node", "nftables", "netlink", "1.0", "", ".NET", "1.36", "6.1.0-quagga", DateTimeOffset.UnixEpoch),
            [new("IPv4", true, null, Text, null, new(null, 1, null, Text), null)],
            new("api", true, [new("services", "connected", null)], Text, null), new(1, [new(Name, "IPv4", Text, DateTimeOffset.UnixEpoch)]), new(1, 1, [Text], [Text]),
            new(1, 2, 3, [new(Name, "IPv4", 7)], Text), new(1, [new(Name, "IPv4", 30000, 1)]), [new(Name, 2.5)]);

        byte[]? mapped = Anonymizer().Map(JsonSerializer.SerializeToUtf8Bytes(report, StatusJson.Default.StatusReport));

        Encoding.UTF8.GetString(mapped!).Should().NotContainAny("quagga", "zebra", "okapi");
        StatusReport result = StatusDocument.Read(mapped!)!;
        result.NewConnections.Should().ContainSingle().Which.PerSecond.Should().Be(2.5);
        result.NewConnections![0].Service.Should().Be(result.Conntrack.Services[0].Service, "the same name is replaced by the same one");
    }

    [Fact]
    public void SamplesOfConnectionsAreLeftOutOfMetricsSinceTheyNameServices()
    {
        const string Page =
            """
            # TYPE kubeproxysharp_service_connections_total counter
            kubeproxysharp_service_connections_total{ip_family="IPv4",namespace="quagga",service="zebra",port="okapi",protocol="TCP",group="cluster",fate="sent"} 7
            kubeproxysharp_service_connections_summed_ports 3

            """;

        Encoding.UTF8.GetString(StatusAnonymizer.MapMetrics(Page)).Should().NotContainAny("quagga", "zebra", "okapi").And.Contain("summed_ports 3");
    }

    private static StatusAnonymizer Anonymizer()
    {
        NameMap names = new(new([1, 2, 3]));
        return new(names, new(names, new(new(new([1, 2, 3])))));
    }
}

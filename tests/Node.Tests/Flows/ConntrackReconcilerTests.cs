using System.Net.Sockets;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.Flows;

/// <summary>What the running agent does to flows, with real packets and with flows put into the table.</summary>
[Trait("Category", "Netns")]
public sealed class ConntrackReconcilerTests
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    /// <summary>The client keeps its port, so nothing but the removal of its flow moves it; it sends on all the time.</summary>
    [SkippableFact]
    public void AUdpClientMovesToALiveEndpoint()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5");
        Socket old = lab.Listen("10.244.1.5");
        Socket current = lab.Listen("10.244.1.6");
        Socket client = lab.Listen("10.244.1.200");
        FlowLab.Send(client);
        FlowLab.Receives(old, 10 * s_second).Should().BeTrue();

        lab.Write("10.244.1.6");

        lab.Wait(
            () =>
            {
                FlowLab.Send(client);
                return FlowLab.Receives(current, TimeSpan.FromMilliseconds(5));
            },
            "the client's packets reach the new endpoint");
        lab.Flows().Where(flow => flow.Protocol == 17).Should().OnlyContain(flow => flow.Reply.Source == IpAddress.Parse("10.244.1.6"));
    }

    [SkippableFact]
    public void FlowsGoWithTheirEndpointsAndServices()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5");
        lab.Insert("10.244.1.5", 20);

        lab.Write("");
        lab.Wait(() => lab.Flows().Count == 0, "flows of a Service scaled to zero are removed");

        double passes = lab.Metric("kubeproxysharp_conntrack_passes_total");
        lab.Write("10.244.1.5");
        lab.Wait(() => lab.Metric("kubeproxysharp_conntrack_passes_total") > passes, "a pass follows the return of the endpoint");
        lab.Insert("10.244.1.5", 20);
        lab.Write(null);
        lab.Wait(() => lab.Flows().Count == 0, "flows of a deleted Service are removed");
        lab.Metric("kubeproxysharp_conntrack_deleted_total").Should().Be(40);
        lab.Metric("kubeproxy_conntrack_reconciler_deleted_entries_total").Should().Be(40);
    }

    /// <summary>A pod of another Service that gets the address of an old one must not get its clients.</summary>
    [SkippableFact]
    public void AnAddressThatIsUsedAgainGetsNoForeignTraffic()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5 10.244.1.6");
        lab.Insert("10.244.1.5", 20);
        lab.Flows().Should().HaveCount(20);

        lab.Write("10.244.1.6", """
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: other, namespace: shop}
            spec: {clusterIP: 10.96.0.11, ports: [{name: p, port: 53, protocol: UDP}]}
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: other-1, namespace: shop, labels: {kubernetes.io/service-name: other}}
            addressType: IPv4
            ports: [{name: p, port: 5353, protocol: UDP}]
            endpoints: [{addresses: [10.244.1.5]}]
            """);

        lab.Wait(() => lab.Flows().Count == 0, "flows to the address are removed, though an endpoint has it");
    }

    [SkippableFact]
    public void FlowsOfServicesAreCountedWhenAsked()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5", "--conntrack-service-flows");
        lab.Listen("10.244.1.5", ProtocolType.Tcp);
        lab.HandlerFactory();
        lab.Insert("10.244.1.5", 20);

        lab.Write("10.244.1.5 10.244.1.6");

        lab.Wait(() => Count("UDP") == 20 && Count("TCP") == 1, "a pass counts the flows");
        lab.Flows().Should().HaveCount(21, "they are counted, not removed");

        double Count(string protocol) => lab.Metric(
            $"kubeproxysharp_conntrack_service_flows{{ip_family=\"IPv4\",namespace=\"shop\",service=\"web-{protocol.ToLowerInvariant()}\",port=\"p\",protocol=\"{protocol}\"}}");
    }

    [SkippableFact]
    public void TcpConnectionsAreLeftAlone()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5");
        lab.Listen("10.244.1.5", ProtocolType.Tcp);
        Socket client = lab.HandlerFactory();
        lab.Insert("10.244.1.5", 1);

        lab.Write("10.244.1.6");

        lab.Wait(() => lab.Flows().All(flow => flow.Protocol != 17), "the UDP flow is removed");
        lab.Flows().Should().Contain(flow => flow.TcpState == TcpState.Established && flow.Original.DestinationPort == 53);
        client.Connected.Should().BeTrue();
    }

    [SkippableFact]
    public void TcpConnectionsAreClosedWhenAsked()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5", "--conntrack-tcp=close-after=1s");
        lab.Listen("10.244.1.5", ProtocolType.Tcp);
        lab.HandlerFactory();

        lab.Write("10.244.1.6");

        lab.Wait(() => lab.Flows().All(flow => flow.Original.DestinationPort != 53), "the connection is removed when its time is over");
    }

    [SkippableFact]
    public void HealthyFlowsSurviveOtherChangesAndARestart()
    {
        FlowLab.SkipUnlessPossible();
        using FlowLab lab = new("10.244.1.5 10.244.1.6");
        lab.Insert("10.244.1.5", 10_000);
        HashSet<uint> before = [.. lab.Flows().Where(flow => flow.Original.DestinationPort == 53).Select(flow => flow.Id)];
        double passes = lab.Metric("kubeproxysharp_conntrack_passes_total");

        lab.Write("10.244.1.5");
        lab.Wait(() => lab.Metric("kubeproxysharp_conntrack_passes_total") > passes, "a pass follows the change");
        Healthy().Should().BeEquivalentTo(before);

        lab.Restart();
        Healthy().Should().BeEquivalentTo(before);
        lab.Metric("kubeproxysharp_conntrack_deleted_total").Should().Be(0);

        IEnumerable<uint> Healthy() => lab.Flows().Where(flow => flow.Original.DestinationPort == 53).Select(flow => flow.Id);
    }
}

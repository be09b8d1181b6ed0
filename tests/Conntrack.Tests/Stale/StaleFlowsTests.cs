using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Conntrack.Tests.Stale;

/// <summary>Verdicts about single flows, given Services.</summary>
public sealed class StaleFlowsTests
{
    private readonly ClusterState _state = new(allowExternalIPs: true);
    private readonly RuleModelBuilder _builder;

    public StaleFlowsTests()
    {
        _builder = new(_state, Nodes.IPv4, Nodes.IPv6);
        _state.Set(Web(TransportProtocol.Udp), []);
        _state.Set(Slice(TransportProtocol.Udp, Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.6", "serving terminating"), Samples.Endpoint("10.244.1.7", "")));
        Sync();
    }

    [Theory]
    [InlineData("10.96.0.10:80", "10.244.1.5:8080", FlowVerdict.Healthy)]
    [InlineData("203.0.113.9:80", "10.244.1.5:8080", FlowVerdict.Healthy)]
    [InlineData("198.51.100.7:80", "10.244.1.5:8080", FlowVerdict.Healthy)]
    [InlineData("192.0.2.10:30080", "10.244.1.5:8080", FlowVerdict.Healthy)]
    [InlineData("10.96.0.10:80", "10.244.1.6:8080", FlowVerdict.Healthy)] // terminating, but serving
    [InlineData("10.96.0.10:80", "10.244.1.7:8080", FlowVerdict.EndpointGone)] // not serving
    [InlineData("10.96.0.10:80", "10.244.1.9:8080", FlowVerdict.EndpointGone)]
    [InlineData("10.96.0.10:80", "10.244.1.5:8081", FlowVerdict.EndpointGone)] // another port
    [InlineData("203.0.113.9:80", "10.244.1.9:8080", FlowVerdict.EndpointGone)]
    [InlineData("198.51.100.7:80", "10.244.1.9:8080", FlowVerdict.EndpointGone)]
    [InlineData("192.0.2.10:30080", "10.244.1.9:8080", FlowVerdict.EndpointGone)]
    [InlineData("127.0.0.1:30080", "10.244.1.9:8080", FlowVerdict.EndpointGone)]
    [InlineData("10.96.0.10:80", "10.96.0.10:80", FlowVerdict.NotTranslated)]
    [InlineData("192.0.2.10:30080", "192.0.2.10:30080", FlowVerdict.NotTranslated)]
    [InlineData("8.8.8.8:30080", "10.244.1.9:8080", FlowVerdict.Foreign)] // somebody else's address
    [InlineData("10.96.0.10:81", "10.244.1.9:8080", FlowVerdict.Foreign)]
    [InlineData("10.244.1.5:8080", "10.244.1.5:8080", FlowVerdict.Foreign)] // straight to the pod
    [InlineData("10.0.0.99:53", "10.0.0.98:53", FlowVerdict.Foreign)] // other NAT
    public void UdpFlowsAreJudgedByWhereTheyGo(string dialled, string answeredBy, FlowVerdict verdict) =>
        Flows().Decide(Flow(17, dialled, answeredBy)).Should().Be(verdict);

    [Fact]
    public void MasqueradedAndHairpinFlowsAreHealthy()
    {
        ConntrackEntry flow = Flow(17, "10.96.0.10:80", "10.244.1.5:8080");
        ConntrackTuple masqueraded = flow.Reply with { Destination = IpAddress.Parse("192.0.2.10"), DestinationPort = 61000 };
        ConntrackTuple hairpin = flow.Original with { Source = IpAddress.Parse("10.244.1.5") };

        Flows().Decide(flow with { Reply = masqueraded }).Should().Be(FlowVerdict.Healthy);
        Flows().Decide(flow with { Original = hairpin, Reply = masqueraded }).Should().Be(FlowVerdict.Healthy);
    }

    /// <summary>Whoever keeps zones of its own, such as Open vSwitch, made these flows and removes them.</summary>
    [Theory]
    [InlineData("10.96.0.10:80")]
    [InlineData("10.244.1.9:8080")]
    public void FlowsOfOtherZonesAreForeign(string answeredBy)
    {
        Flows().Decide(Flow(17, "10.96.0.10:80", answeredBy) with { Zone = 65520 }).Should().Be(FlowVerdict.Foreign);
        Flows().Decide(Flow(17, "10.96.0.10:80", answeredBy) with { Zone = 65520, ZoneScope = ZoneScope.Reply }).Should().Be(FlowVerdict.Foreign);
    }

    /// <summary>Every local address answers node ports, or only some; on loopback they are asked for separately.</summary>
    [Theory]
    [InlineData("", true, "192.0.2.10 203.0.113.77 127.0.0.1")]
    [InlineData("", false, "192.0.2.10 203.0.113.77")]
    [InlineData("primary", false, "192.0.2.10")]
    [InlineData("203.0.113.0/24", true, "203.0.113.77")]
    public void NodePortsAreThoseOfTheAddressesThatAnswer(string addresses, bool localhost, string answering)
    {
        EquatableArray<IpAddress> local = [.. Nodes.Addresses.AsSpan(), IpAddress.Parse("203.0.113.77")];
        ProxySettings proxy = Nodes.Proxy with { LocalhostNodePorts = localhost, NodePortAddresses = addresses.Length == 0 ? [] : [addresses] };
        NodeSettings settings = NodeSettings.Resolve(IpFamily.IPv4, proxy, Nodes.NodeA, local, default);
        StaleFlows flows = new(Samples.Model([Web(TransportProtocol.Udp)], [Slice(TransportProtocol.Udp, Samples.Endpoint("10.244.1.5"))], settings));
        flows.SetLocalAddresses(local.AsSpan().ToArray());

        string[] all = ["192.0.2.10", "203.0.113.77", "127.0.0.1", "8.8.8.8"];

        all.Where(address => flows.Decide(Flow(17, address + ":30080", "10.244.1.9:8080")) == FlowVerdict.EndpointGone)
            .Should().BeEquivalentTo(answering.Split(' '));
        flows.Decide(Flow(17, answering.Split(' ')[0] + ":30081", "10.244.1.9:8080")).Should().Be(FlowVerdict.Foreign, "the port is another one");
    }

    /// <summary>Nothing is done to packets to such Services, so nothing to their flows.</summary>
    [Theory]
    [InlineData("None", "ClusterIP")]
    [InlineData("", "ExternalName")]
    public void FlowsOfServicesWithoutFrontendsAreForeign(string clusterIP, string type)
    {
        Service service = Web(TransportProtocol.Udp) with
        {
            Type = type,
            ClusterIP = clusterIP,
            ClusterIPs = clusterIP.Length == 0 ? [] : [clusterIP],
            LoadBalancerIngress = [],
            ExternalIPs = [],
        };
        StaleFlows flows = new(Samples.Model([service], [Slice(TransportProtocol.Udp, Samples.Endpoint("10.244.1.5"))]), includesTcp: true);

        flows.FrontendCount.Should().Be(0);
        flows.Decide(Flow(17, "10.244.1.5:8080", "10.244.1.5:8080")).Should().Be(FlowVerdict.Foreign);
        flows.Decide(Flow(17, "10.244.1.9:8080", "10.244.1.9:8080")).Should().Be(FlowVerdict.Foreign);
        flows.Decide(Flow(17, "10.96.0.10:80", "10.96.0.10:80")).Should().Be(FlowVerdict.Foreign);
    }

    [Fact]
    public void FlowsOfServicesAreCountedWhenAsked()
    {
        _state.Set(Web(TransportProtocol.Tcp), []);
        _state.Set(Slice(TransportProtocol.Tcp, Samples.Endpoint("10.244.1.5")));
        Sync();
        StaleFlows flows = new(_builder.Current, countsFlows: true);
        flows.BeginCount(IpFamily.IPv4, TransportProtocol.Tcp);

        flows.Decide(Flow(6, "10.96.0.10:80", "10.244.1.5:8080")).Should().Be(FlowVerdict.Healthy);
        flows.Decide(Flow(6, "203.0.113.9:80", "10.244.1.5:8080")).Should().Be(FlowVerdict.Healthy);
        flows.Decide(Flow(6, "10.96.0.10:80", "10.244.1.9:8080")).Should().Be(FlowVerdict.Foreign, "TCP is counted, not removed");
        flows.Largest(50).Should().Equal(new ServiceFlowCount(IpFamily.IPv4, new(Samples.Web, "http", TransportProtocol.Tcp), 2));
        flows.Largest(0).Should().BeEmpty();

        flows.BeginCount(IpFamily.IPv4, TransportProtocol.Tcp);
        flows.Largest(50).Should().BeEmpty();
    }

    [Fact]
    public void AScaledDownServiceLosesItsTranslatedFlowsOnly()
    {
        _state.Set(Slice(TransportProtocol.Udp));
        Sync();

        Flows().Decide(Flow(17, "10.96.0.10:80", "10.244.1.5:8080")).Should().Be(FlowVerdict.NoEndpoints);
        Flows().Decide(Flow(17, "10.96.0.10:80", "10.96.0.10:80")).Should().Be(FlowVerdict.Healthy);
    }

    [Fact]
    public void ADeletedServiceIsRememberedUntilThePassIsDone()
    {
        StaleFlows flows = Flows();
        _state.RemoveService(Samples.Web);
        flows.Update(_builder.Update(_state.TakeChanges(), Nodes.IPv4, Nodes.IPv6), []);

        flows.Decide(Flow(17, "10.96.0.10:80", "10.244.1.5:8080")).Should().Be(FlowVerdict.ServiceGone);
        flows.Decide(Flow(17, "192.0.2.10:30080", "10.244.1.5:8080")).Should().Be(FlowVerdict.ServiceGone);
        flows.Decide(Flow(17, "10.96.0.10:80", "10.96.0.10:80")).Should().Be(FlowVerdict.Foreign);
        flows.ForgetGone();
        flows.Decide(Flow(17, "10.96.0.10:80", "10.244.1.5:8080")).Should().Be(FlowVerdict.Foreign);
        (flows.FrontendCount, flows.GoneFrontendCount).Should().Be((0, 0));
    }

    [Fact]
    public void AFrontendThatMovesToAnotherServiceIsNotGone()
    {
        StaleFlows flows = Flows();
        NamespacedName other = new("shop", "other");
        _state.RemoveService(Samples.Web);
        _state.Set(Web(TransportProtocol.Udp) with { Name = other }, []);
        _state.Set(Slice(TransportProtocol.Udp, Samples.Endpoint("10.244.1.9")) with { Name = new("shop", "other-1"), ServiceName = "other" });
        Sync(flows);

        flows.GoneFrontendCount.Should().Be(0);
        flows.Decide(Flow(17, "10.96.0.10:80", "10.244.1.9:8080")).Should().Be(FlowVerdict.Healthy);
        flows.Decide(Flow(17, "10.96.0.10:80", "10.244.1.5:8080")).Should().Be(FlowVerdict.EndpointGone);
    }

    /// <summary>A terminating endpoint that stops serving changes no rule, as others are ready, but its flows are stale then.</summary>
    [Fact]
    public void ChangesThatMakeNoDifferenceToRulesCountToo()
    {
        StaleFlows byName = Flows();
        StaleFlows byItself = Flows();
        _state.Set(Slice(TransportProtocol.Udp, Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.6", "terminating")));
        IReadOnlyCollection<NamespacedName> names = _state.TakeChanges();
        RuleModelChange change = _builder.Update(names, Nodes.IPv4, Nodes.IPv6);
        change.IPv4.Ports.IsEmpty.Should().BeTrue();

        byName.Update(change, names);
        byItself.Update(change.After);

        byName.Decide(Flow(17, "10.96.0.10:80", "10.244.1.6:8080")).Should().Be(FlowVerdict.EndpointGone);
        byItself.Decide(Flow(17, "10.96.0.10:80", "10.244.1.6:8080")).Should().Be(FlowVerdict.EndpointGone);
    }

    [Fact]
    public void LargeServicesAreLookedUp()
    {
        SliceEndpoint[] endpoints = [.. Enumerable.Range(1, 200).Select(number => Samples.Endpoint($"10.244.2.{number}", number == 100 ? "" : "ready"))];
        _state.Set(Slice(TransportProtocol.Udp, endpoints));
        Sync();
        StaleFlows flows = Flows();

        flows.Decide(Flow(17, "10.96.0.10:80", "10.244.2.200:8080")).Should().Be(FlowVerdict.Healthy);
        flows.Decide(Flow(17, "10.96.0.10:80", "10.244.2.100:8080")).Should().Be(FlowVerdict.EndpointGone);
    }

    [Theory]
    [InlineData(TransportProtocol.Sctp, false)]
    [InlineData(TransportProtocol.Tcp, true)]
    public void ConnectionsOutliveReadiness(TransportProtocol protocol, bool includesTcp)
    {
        _state.Set(Web(protocol), []);
        _state.Set(Slice(protocol, Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.7", "terminating")));
        Sync();
        StaleFlows flows = new(_builder.Current, includesTcp);

        flows.Decide(Flow((byte)protocol, "10.96.0.10:80", "10.244.1.7:8080")).Should().Be(FlowVerdict.Healthy);
        flows.Decide(Flow((byte)protocol, "10.96.0.10:80", "10.244.1.9:8080")).Should().Be(FlowVerdict.EndpointGone);
        flows.Decide(Flow((byte)protocol, "10.96.0.10:80", "10.96.0.10:80")).Should().Be(FlowVerdict.NotTranslated);
        flows.Decide(Flow((byte)protocol, "10.96.0.10:80", "10.96.0.10:80") with { Status = ConntrackStatus.SeenReply }).Should().Be(FlowVerdict.Healthy);
    }

    [Fact]
    public void TcpIsForeignUnlessAskedFor()
    {
        _state.Set(Web(TransportProtocol.Tcp), []);
        _state.Set(Slice(TransportProtocol.Tcp, Samples.Endpoint("10.244.1.5")));
        Sync();

        Flows().Decide(Flow(6, "10.96.0.10:80", "10.244.1.9:8080")).Should().Be(FlowVerdict.Foreign);
        new StaleFlows(_builder.Current, includesTcp: true).Decide(Flow(6, "10.96.0.10:80", "10.244.1.9:8080") with { TcpState = TcpState.TimeWait })
            .Should().Be(FlowVerdict.Healthy);
    }

    /// <summary>Updates end in the index of a new start, whatever changed.</summary>
    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void UpdatesEndWhereANewStartDoes(int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        StaleFlows updated = new(builder.Current, includesTcp: true);
        Random random = new(seed);
        for (int step = 0; step < 200; step++)
        {
            cluster.ApplyChange(state);
            IReadOnlyCollection<NamespacedName> names = state.TakeChanges();
            updated.Update(builder.Update(names, Nodes.IPv4, Nodes.IPv6), names);
        }

        updated.ForgetGone();
        StaleFlows fresh = new(builder.Current, includesTcp: true);
        updated.FrontendCount.Should().Be(fresh.FrontendCount).And.BePositive();
        foreach (ServicePortRules port in builder.Current.IPv4.Services.Values.SelectMany(service => service.Ports.AsSpan().ToArray()))
        {
            foreach (string answer in (string[])["10.244.1.5:8080", $"{port.Spec.ClusterIP}:{port.Spec.Port}", .. port.Endpoints.All.AsSpan().ToArray().Select(endpoint => endpoint.Target.ToString())])
            {
                ConntrackEntry flow = Flow((byte)port.Name.Protocol, $"{port.Spec.ClusterIP}:{port.Spec.Port}", answer);
                updated.Decide(flow).Should().Be(fresh.Decide(flow));
            }
        }
    }

    [Fact]
    public void DecidingAllocatesNothing()
    {
        StaleFlows flows = Flows();
        ConntrackEntry flow = Flow(17, "10.96.0.10:80", "10.244.1.5:8080");
        flows.Decide(flow);
        // The least of several times: a collection meanwhile takes the rest of the thread's piece of the heap, which counts.
        long least = long.MaxValue;
        for (int count = 0; count < 5; count++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            int healthy = 0;
            for (int round = 0; round < 1000; round++)
            {
                healthy += flows.Decide(flow) == FlowVerdict.Healthy ? 1 : 0;
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            healthy.Should().Be(1000);
        }

        least.Should().Be(0);
    }

    private static Service Web(TransportProtocol protocol) => Samples.LoadBalancer with
    {
        Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30080, Protocol = protocol.ToUpperText() }],
    };

    private static EndpointSlice Slice(TransportProtocol protocol, params SliceEndpoint[] endpoints) =>
        Samples.Slice(endpoints) with { Ports = [new SlicePort("http", protocol, 8080)] };

    private static ConntrackEntry Flow(byte protocol, string dialled, string answeredBy)
    {
        (IpAddress destination, ushort port) = Parse(dialled);
        (IpAddress source, ushort sourcePort) = Parse(answeredBy);
        IpAddress client = IpAddress.Parse("10.244.1.200");
        return new()
        {
            Original = new(IpFamily.IPv4, protocol, client, destination, 4000, port),
            Reply = new(IpFamily.IPv4, protocol, source, client, sourcePort, 4000),
        };
    }

    private static (IpAddress Address, ushort Port) Parse(string text) =>
        (IpAddress.Parse(text.Split(':')[0]), ushort.Parse(text.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));

    private StaleFlows Flows()
    {
        StaleFlows flows = new(_builder.Current);
        flows.SetLocalAddresses(Nodes.Addresses.AsSpan().ToArray());
        return flows;
    }

    private void Sync(StaleFlows? flows = null)
    {
        IReadOnlyCollection<NamespacedName> names = _state.TakeChanges();
        RuleModelChange change = _builder.Update(names, Nodes.IPv4, Nodes.IPv6);
        flows?.Update(change, names);
    }
}

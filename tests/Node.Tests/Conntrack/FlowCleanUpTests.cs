using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Conntrack;

/// <summary>The clean-up in the real table: with flows put there, and with packets through our own rules.</summary>
[Trait("Category", "Netns")]
public sealed class FlowCleanUpTests
{
    private readonly ClusterState _state = new(allowExternalIPs: true);
    private readonly RuleModelBuilder _builder;

    public FlowCleanUpTests()
    {
        _builder = new(_state, Nodes.IPv4, Nodes.IPv6);
        _state.Set(Samples.Service with { Ports = [new ServicePort { Name = "http", Port = 53, Protocol = "UDP" }] }, []);
        Serve("10.244.1.5");
    }

    [SkippableFact]
    public void HealthyFlowsStayAndStaleOnesGo() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.Fill();
            MixedTable.FillUdp("10.96.0.10:53", "10.244.1.5:53", 10_000);
            using ConntrackTable table = ConntrackTable.Open();
            HashSet<uint> healthy = [.. ConntrackTableTests.Read(table, ConntrackFilter.All).Where(entry => entry.Reply.SourcePort != 5353).Select(entry => entry.Id)];
            StaleFlows stale = new(_builder.Current);

            FlowCleanUpResult first = new FlowCleanUp(table, stale, TimeProvider.System).Run(CancellationToken.None);

            // Only the flow of the mixed table that goes to port 5353 of the endpoint is stale.
            first.Stale.NonZero().Should().Equal((FlowVerdict.EndpointGone, TransportProtocol.Udp, 1L));
            first.Deleted.NonZero().Should().Equal((FlowVerdict.EndpointGone, TransportProtocol.Udp, 1L));
            first.IsComplete.Should().BeTrue();
            ConntrackTableTests.Read(table, ConntrackFilter.All).Select(entry => entry.Id).Should().BeEquivalentTo(healthy);

            Serve("10.244.1.6");
            stale.Update(_builder.Current);
            FlowCleanUpResult second = new FlowCleanUp(table, stale, TimeProvider.System).Run(CancellationToken.None);

            (second.Deleted.Total, second.AlreadyGone, second.Failed).Should().Be((10_000L, 0L, 0L));
            table.ReadSize().Entries.Should().Be(MixedTable.Count - 1);
        },
        "conntrack");

    [SkippableFact]
    public void FlowsOfADeletedServiceGo() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.FillUdp("10.96.0.10:53", "10.244.1.5:53", 10);
            using ConntrackTable table = ConntrackTable.Open();
            StaleFlows stale = new(_builder.Current);
            _state.RemoveService(Samples.Web);
            IReadOnlyCollection<NamespacedName> names = _state.TakeChanges();
            stale.Update(_builder.Update(names, Nodes.IPv4, Nodes.IPv6), names);

            FlowCleanUpResult result = new FlowCleanUp(table, stale, TimeProvider.System).Run(CancellationToken.None);

            result.Deleted[FlowVerdict.ServiceGone].Should().Be(10);
            stale.GoneFrontendCount.Should().Be(0);
            table.ReadSize().Entries.Should().Be(0);
        },
        "conntrack");

    [SkippableFact]
    public void SctpAssociationsGoWithTheirEndpoint() => NetworkNamespace.RunOrSkip(
        () =>
        {
            _state.Set(Samples.Service with { Ports = [new ServicePort { Name = "http", Port = 53, Protocol = "SCTP" }] }, []);
            _state.Set(Samples.Slice(Samples.Endpoint("10.244.1.5", "ready local")) with { Ports = [new SlicePort("http", TransportProtocol.Sctp, 53)] });
            _builder.Update(_state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
            Insert(3000, "10.244.1.5");
            Insert(3001, "10.244.1.9");
            using ConntrackTable table = ConntrackTable.Open();

            FlowCleanUpResult result = new FlowCleanUp(table, new StaleFlows(_builder.Current), TimeProvider.System).Run(CancellationToken.None);

            result.Deleted.NonZero().Should().Equal((FlowVerdict.EndpointGone, TransportProtocol.Sctp, 1L));
            ConntrackTableTests.Read(table, ConntrackFilter.All).Should().ContainSingle().Which.Original.SourcePort.Should().Be(3000);

            static void Insert(int port, string endpoint) => ChildProcess.Run(
                "conntrack",
                "",
                "-I", "-t", "600", "-p", "sctp", "-s", "10.0.0.1", "-d", "10.96.0.10", "--sport", $"{port}", "--dport", "53", "-g", endpoint + ":53",
                "--state", "ESTABLISHED", "--orig-vtag", "1", "--reply-vtag", "2");
        },
        "conntrack");

    [SkippableFact]
    public void ACancelledPassStops() => NetworkNamespace.RunOrSkip(
        () =>
        {
            MixedTable.FillUdp("10.96.0.10:53", "10.244.1.9:53", 100);
            using ConntrackTable table = ConntrackTable.Open();
            FlowCleanUp cleanUp = new(table, new StaleFlows(_builder.Current), TimeProvider.System);

            Action run = () => cleanUp.Run(new CancellationToken(canceled: true));

            run.Should().Throw<OperationCanceledException>();
            table.ReadSize().Entries.Should().Be(100);
            cleanUp.Run(CancellationToken.None).Deleted.Total.Should().Be(100);
        },
        "conntrack");

    /// <summary>
    /// One client socket, so one flow: packets go on to the old endpoint until the clean-up, and to the new one after it.
    /// </summary>
    [SkippableFact]
    public void PacketsReachTheNewEndpointAfterTheCleanUp() => NetworkNamespace.RunOrSkip(
        () =>
        {
            ChildProcess.Run("ip", "", "link", "set", "lo", "up");
            foreach (string address in (string[])["10.244.1.5", "10.244.1.6", "10.96.0.10"])
            {
                ChildProcess.Run("ip", "", "address", "add", address + "/32", "dev", "lo");
            }

            using Socket old = Server("10.244.1.5");
            using Socket current = Server("10.244.1.6");
            using Socket client = Server("10.244.1.200", isLocal: false);
            using ConntrackTable table = ConntrackTable.Open();
            StaleFlows stale = new(_builder.Current);
            FlowCleanUp cleanUp = new(table, stale, TimeProvider.System);

            // Before the rules: the packets go to the cluster IP itself.
            Load("table ip track {\n chain output { type filter hook output priority 0\n ct state new accept\n }\n}\n");
            Send(client);
            ConntrackTableTests.Read(table, ConntrackFilter.All).Should().ContainSingle().Which.IsDestinationTranslated.Should().BeFalse();
            Load(Script());
            cleanUp.Run(CancellationToken.None).Deleted.NonZero().Should().Equal((FlowVerdict.NotTranslated, TransportProtocol.Udp, 1L));

            Send(client);
            Received(old).Should().BeTrue();
            cleanUp.Run(CancellationToken.None).Stale.Total.Should().Be(0);

            Serve("10.244.1.6");
            Load(Script());
            stale.Update(_builder.Current);
            Send(client);
            Received(old).Should().BeTrue("the flow is still in the table");
            cleanUp.Run(CancellationToken.None).Deleted.NonZero().Should().Equal((FlowVerdict.EndpointGone, TransportProtocol.Udp, 1L));

            Send(client);
            Received(current).Should().BeTrue();
            cleanUp.Run(CancellationToken.None).Stale.Total.Should().Be(0);
        },
        "nft",
        "ip");

    private static Socket Server(string address, bool isLocal = true)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(isLocal ? new IPEndPoint(Bits(address), 53) : new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static IPAddress Bits(string address)
    {
        byte[] bytes = new byte[4];
        IpAddress.Parse(address).WriteBytes(bytes);
        return new(bytes);
    }

    private static void Send(Socket client) => client.SendTo("ping"u8.ToArray(), new IPEndPoint(Bits("10.96.0.10"), 53));

    private static bool Received(Socket server) => server.Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead) && server.Receive(new byte[16]) == 4;

    private static void Load(string script) => ChildProcess.Run("nft", script, "-f", "-");

    private string Script()
    {
        ArrayBufferWriter<byte> script = new();
        NftablesRenderer.WriteFull(_builder.Current.IPv4, NftablesOptions.Default, script);
        return Encoding.UTF8.GetString(script.WrittenSpan);
    }

    private void Serve(string endpoint)
    {
        _state.Set(Samples.Slice(Samples.Endpoint(endpoint, "ready local")) with { Ports = [new SlicePort("http", TransportProtocol.Udp, 53)] });
        _builder.Update(_state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
    }
}

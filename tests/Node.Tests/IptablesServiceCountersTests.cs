using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.CleanUp;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests;

/// <summary>nfacct objects count the connections of Services in iptables mode, with real packets.</summary>
[Trait("Category", "Netns")]
public sealed class IptablesServiceCountersTests
{
    private const string Web = "10.96.0.10";
    private const string Idle = "10.96.0.11";
    private const string OfNode = "10.96.0.12";
    private const string Balancer = "198.51.100.7";

    /// <summary>Nothing is masqueraded: that is another matter, and the node has no pods that connect.</summary>
    private static readonly NodeSettings s_settings = Nodes.IPv4 with { LocalTraffic = LocalTrafficDetector.None };

    private static readonly SliceEndpoint s_first = Samples.Endpoint("10.244.1.5", "ready local");
    private static readonly SliceEndpoint s_second = Samples.Endpoint("10.244.1.6", "ready local");

    [SkippableTheory]
    [InlineData("nft", "")]
    [InlineData("nft", "ClientIP")]
    [InlineData("legacy", "")]
    [InlineData("legacy", "ClientIP")]
    public async Task ConnectionsAreCountedOnceAndCountsStayWhenRulesAreRewritten(string variant, string affinity)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service with { SessionAffinity = affinity });
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();

        counted.Connect(Web, listening: "10.244.1.5", times: 10).Should().Be(10);
        counted.Read(Web, ConnectionFate.Sent).Should().Be(10);

        counted.Set(Samples.Slice(s_second));
        await counted.ApplyUpdateAsync();
        counted.Connect(Web, listening: "10.244.1.6", times: 2).Should().Be(2);
        counted.Read(Web, ConnectionFate.Sent).Should().Be(12);

        await counted.ApplyFullAsync();
        counted.Connect(Web, listening: "10.244.1.6", times: 3).Should().Be(3);
        counted.Read(Web, ConnectionFate.Sent).Should().Be(15);
        (await counted.Applier.LookAsync(default)).Should().Be(Integrity.Intact, "nobody touched the rules");
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task RefusedAndDroppedPacketsAreCounted(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service with { Name = new("shop", "idle"), ClusterIP = Idle, ClusterIPs = [Idle] });
        counted.Set(Samples.Service with { Name = new("shop", "of-node"), ClusterIP = OfNode, ClusterIPs = [OfNode], InternalTrafficPolicy = "Local" });
        counted.Set(Samples.Slice(Samples.Endpoint("10.244.2.9")) with { Name = new("shop", "of-node-1"), ServiceName = "of-node" });
        counted.Set(Samples.LoadBalancer with { LoadBalancerSourceRanges = ["192.0.3.0/24"] });
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();

        foreach (string address in (string[])[Idle, OfNode, Balancer])
        {
            counted.SendFirstPacket(address);
        }

        counted.Read(Idle, ConnectionFate.Refused).Should().BePositive();
        counted.Read(OfNode, ConnectionFate.NoLocalEndpoints).Should().BePositive();
        counted.Read(Web, ConnectionFate.SourceRanges).Should().BePositive();
        counted.Read(Web, ConnectionFate.Sent).Should().Be(0);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task TheCounterOfADeletedServiceIsReadOnceMoreAndDeleted(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();
        counted.Connect(Web, listening: "10.244.1.5", times: 4);

        counted.Delete(Samples.Web);
        await counted.ApplyUpdateAsync();

        counted.Read(Web, ConnectionFate.Sent).Should().Be(4);
        await Counted.UntilAsync(() => counted.ReadAll().Count == 0 && counted.Objects().Length == 0);
    }

    /// <summary>A Service that comes back has a counter that began anew, whatever the one before has counted.</summary>
    [SkippableFact]
    public async Task ACounterThatIsMadeAgainIsAnotherOne()
    {
        using Counted counted = new("legacy");
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();
        ConnectionCount before = counted.ReadAll().Single();

        counted.Delete(Samples.Web);
        await counted.ApplyUpdateAsync();
        await Counted.UntilAsync(() => counted.ReadAll().Count == 0);
        counted.Set(Samples.Service);
        await counted.ApplyUpdateAsync();

        ConnectionCount after = counted.ReadAll().Single();
        after.Counter.Should().NotBe(before.Counter);
        after.Should().Be(before with { Counter = after.Counter });
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task AnAgentThatDoesNotCountRemovesWhatTheOneBeforeNeeded(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();
        counted.Objects().Should().NotBeEmpty();

        CleanUpResult kept = new();
        await new RuleCleanUp(counted.Node.Runner, keepsServiceCounters: true).CleanOtherModesAsync(ProxyMode.Iptables, IpFamily.IPv4, kept, default);
        counted.Objects().Should().NotBeEmpty();

        IptablesApplier without = counted.Node.Iptables(IpFamily.IPv4, variant);
        (await without.ApplyFullAsync(counted.Rules, default)).Should().Be(ApplyResult.Applied);
        CleanUpResult result = new();
        await new RuleCleanUp(counted.Node.Runner).CleanOtherModesAsync(ProxyMode.Iptables, IpFamily.IPv4, result, default);

        result.Errors.Should().BeEmpty();
        counted.Objects().Should().BeEmpty();
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task AnAgentThatStartsAgainCountsFromThere(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();
        counted.Connect(Web, listening: "10.244.1.5", times: 5);

        counted.Restart();
        await counted.ApplyFullAsync();
        counted.Connect(Web, listening: "10.244.1.5", times: 2);

        counted.Read(Web, ConnectionFate.Sent).Should().Be(2);
    }

    /// <summary>What an earlier run left is found when an update needs it again, before a reading has deleted it.</summary>
    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task AnUpdateCountsFromThereToo(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();
        counted.Connect(Web, listening: "10.244.1.5", times: 5);

        counted.Restart();
        counted.Set(Samples.Slice());
        await counted.ApplyFullAsync();
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyUpdateAsync();
        counted.Connect(Web, listening: "10.244.1.5", times: 2);

        counted.Read(Web, ConnectionFate.Sent).Should().Be(2);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task DamageIsRepairedWithTheCounters(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();
        counted.Connect(Web, listening: "10.244.1.5", times: 5);
        string chain = counted.Node.Run(TestNode.Tools(IpFamily.IPv4, variant).Save, "", "-t", "nat").Split('\n')
            .First(static line => line.StartsWith(":KUBE-SVC-", StringComparison.Ordinal)).Split(' ')[0][1..];

        counted.Node.Run("iptables-" + variant, "", "-w", "-t", "nat", "-D", chain, "1");
        (await counted.Applier.LookAsync(default)).Should().Be(Integrity.Changed);
        (await counted.Applier.RepairAsync(counted.Rules, default)).Should().Be(ApplyResult.Applied);
        counted.Connect(Web, listening: "10.244.1.5", times: 1);

        counted.Read(Web, ConnectionFate.Sent).Should().Be(6);
    }

    /// <summary>Refused Services are searched in a namespace that has none of the objects.</summary>
    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task TrialsNeedNoCounters(string variant)
    {
        using Counted counted = new(variant);
        counted.Set(Samples.Service);
        counted.Set(Samples.Slice(s_first));
        await counted.ApplyFullAsync();

        (await counted.Applier.TryAsync(counted.Rules, default)).Should().Be(ApplyResult.Applied);
        (await counted.Applier.GroupTrials.TryGroupsAsync([counted.Rules], default)).Taken.Should().Be(1);
    }

    /// <summary>A node whose Services come from objects that change, with an agent's applier and counters.</summary>
    private sealed class Counted : IDisposable
    {
        private readonly string _variant;
        private readonly ClusterState _state = new(allowExternalIPs: true);
        private readonly RuleModelBuilder _builder;
        private NfacctServiceCounters _counters;

        public Counted(string variant)
        {
            _variant = variant;
            _builder = new(_state, s_settings, Nodes.IPv6);
            Node = TestNode.CreateOrSkip("ip", "nfacct", TestNode.Tools(IpFamily.IPv4, variant).Restore);
            Prepare(Node);
            (_counters, Applier) = Start();
        }

        public TestNode Node { get; }

        public IptablesApplier Applier { get; private set; }

        public FamilyRules Rules => Change().After;

        public void Set(Service service) => _state.Set(service, []);

        public void Set(EndpointSlice slice) => _state.Set(slice);

        public void Delete(NamespacedName service) => _state.RemoveService(service);

        public void Restart() => (_counters, Applier) = Start();

        public async Task ApplyFullAsync() => (await Applier.ApplyFullAsync(Change().After, default)).Should().Be(ApplyResult.Applied);

        public async Task ApplyUpdateAsync() => (await Applier.ApplyUpdateAsync(Change(), default)).Should().Be(ApplyResult.Applied);

        public List<ConnectionCount> ReadAll()
        {
            List<ConnectionCount> counts = [];
            _counters.Read(counts).Should().BeNull();
            return counts;
        }

        /// <summary>What the counters of a Service with a cluster IP count of a fate.</summary>
        public int Read(string clusterIP, ConnectionFate fate)
        {
            string service = clusterIP switch { Web => "web", Idle => "idle", _ => "of-node" };
            return (int)ReadAll().Where(count => count.ServicePort.Service.Name == service && count.Fate == fate).Sum(static count => (decimal)count.Value);
        }

        /// <summary>The names of the nfacct objects that count connections.</summary>
        public string[] Objects() =>
            [.. Node.Run("nfacct", "", "list").Split(' ', '\n', ';', '}').Where(static word => word.Contains("-KPS4-", StringComparison.Ordinal))];

        /// <summary>The kernel frees rules of the nft variant some time after they are gone.</summary>
        public static async Task UntilAsync(Func<bool> isSo)
        {
            for (int attempt = 0; attempt < 100 && !isSo(); attempt++)
            {
                await Task.Delay(50, CancellationToken.None);
            }

            isSo().Should().BeTrue();
        }

        /// <summary>Connects some times to port 80 of an address while an endpoint listens.</summary>
        /// <returns>How many times that succeeded.</returns>
        public int Connect(string address, string listening, int times) => Node.Runner.Network.Run(() =>
        {
            using TcpListener listener = new(Address(listening), 8080);
            listener.Start(times);
            int connected = 0;
            for (int time = 0; time < times; time++)
            {
                using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                client.Connect(Address(address), 80);
                client.Send([1]);
                connected++;
            }

            return connected;
        });

        /// <summary>Begins to connect to port 80 of an address, and does not wait for an answer.</summary>
        public void SendFirstPacket(string address) => Node.Runner.Network.Run(() =>
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            try
            {
                client.Connect(Address(address), 80);
                return true;
            }
            catch (SocketException)
            {
                return false; // the connection is being made, or was refused at once
            }
        });

        public void Dispose() => Node.Dispose();

        private (NfacctServiceCounters Counters, IptablesApplier Applier) Start()
        {
            NfacctServiceCounters counters = new(IpFamily.IPv4, Node.Runner.Network, NullLogger.Instance);
            return (counters, new(TestNode.Tools(IpFamily.IPv4, _variant), Node.Runner, NullLogger.Instance, counters));
        }

        private FamilyChange Change() => _builder.Update(_state.TakeChanges(), s_settings, Nodes.IPv6).IPv4;

        /// <summary>Gives a node the addresses of two endpoints, and a way for all others, without which nothing is sent at all.</summary>
        private static void Prepare(TestNode node)
        {
            node.Run("ip", "", "link", "set", "lo", "up");
            node.Run("ip", "", "address", "add", "10.244.1.5/32", "dev", "lo");
            node.Run("ip", "", "address", "add", "10.244.1.6/32", "dev", "lo");
            node.Run("ip", "", "link", "add", "uplink", "type", "veth", "peer", "name", "router");
            node.Run("ip", "", "address", "add", "192.0.2.10/24", "dev", "uplink");
            node.Run("ip", "", "link", "set", "uplink", "up");
            node.Run("ip", "", "link", "set", "router", "up");
            node.Run("ip", "", "route", "add", "default", "dev", "uplink");
        }

        private static IPAddress Address(string text)
        {
            byte[] bytes = new byte[4];
            IpAddress.Parse(text).WriteBytes(bytes);
            return new(bytes);
        }
    }
}

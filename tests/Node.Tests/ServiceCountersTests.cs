using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>The kernel counts new connections in the elements of frontends, with real packets.</summary>
[Trait("Category", "Netns")]
public sealed class ServiceCountersTests
{
    private static readonly NftablesOptions s_counting = new() { HasServiceCounters = true };

    /// <summary>Nothing is masqueraded: that is another matter, and the node has no pods that connect.</summary>
    private static readonly NodeSettings s_settings = Nodes.IPv4 with { LocalTraffic = LocalTrafficDetector.None };

    [SkippableTheory]
    [InlineData("")]
    [InlineData("ClientIP")]
    public void EachNewConnectionIsCountedOnceAndAnUpdateOfEndpointsKeepsTheCount(string affinity)
    {
        Service web = Samples.Service with { SessionAffinity = affinity };
        Service idle = Samples.Service with { Name = new("shop", "idle"), ClusterIP = "10.96.0.11", ClusterIPs = ["10.96.0.11"] };
        ClusterState state = new(allowExternalIPs: true);
        state.Set(web, []);
        state.Set(idle, []);
        state.Set(Samples.Slice(Samples.Endpoint("10.244.1.5", "ready local")));
        RuleModelBuilder builder = new(state, s_settings, Nodes.IPv6);
        using TestNode node = TestNode.CreateOrSkip("nft", "ip");
        Prepare(node);
        FamilyRules rules = builder.Update(state.TakeChanges(), s_settings, Nodes.IPv6).IPv4.After;
        Send(node, batch => NftablesRenderer.WriteFull(rules, s_counting, batch));

        Connect(node, "10.244.1.5", "10.96.0.10", 10).Should().Be(10);
        Connect(node, "10.244.1.5", "10.96.0.11", 3).Should().Be(0);

        Count(node, "service-ips", "10.96.0.10").Should().Be(10);
        int refused = Count(node, "no-endpoint-services", "10.96.0.11");
        refused.Should().BeGreaterThanOrEqualTo(3, "a process of the node repeats its packet, since its socket is busy when the refusal comes");

        state.Set(Samples.Slice(Samples.Endpoint("10.244.1.6", "ready local")));
        FamilyChange change = builder.Update(state.TakeChanges(), s_settings, Nodes.IPv6).IPv4;
        Send(node, batch => NftablesRenderer.WriteUpdate(change, s_counting, batch));
        Connect(node, "10.244.1.6", "10.96.0.10", 2).Should().Be(2);

        Count(node, "service-ips", "10.96.0.10").Should().Be(12);
        Count(node, "no-endpoint-services", "10.96.0.11").Should().Be(refused);
    }

    /// <summary>
    /// With another number of endpoints a frontend has another chain, so its element is replaced, and the kernel begins at 0: whoever
    /// sums up counts has to read them before such an update.
    /// </summary>
    [SkippableFact]
    public void AReplacedElementBeginsAtZero()
    {
        ClusterState state = new(allowExternalIPs: true);
        state.Set(Samples.Service, []);
        state.Set(Samples.Slice(Samples.Endpoint("10.244.1.5", "ready local")));
        RuleModelBuilder builder = new(state, s_settings, Nodes.IPv6);
        using TestNode node = TestNode.CreateOrSkip("nft", "ip");
        Prepare(node);
        FamilyRules rules = builder.Update(state.TakeChanges(), s_settings, Nodes.IPv6).IPv4.After;
        Send(node, batch => NftablesRenderer.WriteFull(rules, s_counting, batch));
        Connect(node, "10.244.1.5", "10.96.0.10", 4).Should().Be(4);
        Count(node, "service-ips", "10.96.0.10").Should().Be(4);

        state.Set(Samples.Slice(Samples.Endpoint("10.244.1.5", "ready local"), Samples.Endpoint("10.244.1.6", "ready local")));
        FamilyChange change = builder.Update(state.TakeChanges(), s_settings, Nodes.IPv6).IPv4;
        Send(node, batch => NftablesRenderer.WriteUpdate(change, s_counting, batch));

        Count(node, "service-ips", "10.96.0.10").Should().Be(0);
    }

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

    private static void Send(TestNode node, Action<NftBatch> write)
    {
        NftBatch batch = new();
        write(batch);
        BatchResult result = node.Runner.Network.Run(() =>
        {
            using BatchConnection connection = BatchConnection.Open();
            return connection.Send(batch.Messages);
        });
        result.IsApplied.Should().BeTrue();
    }

    /// <summary>Connects some times to port 80 of an address while an endpoint listens.</summary>
    /// <returns>How many times that succeeded.</returns>
    private static int Connect(TestNode node, string endpoint, string address, int times) => node.Runner.Network.Run(() =>
    {
        using TcpListener listener = new(Address(endpoint), 8080);
        listener.Start(times);
        int connected = 0;
        for (int time = 0; time < times; time++)
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                client.Connect(Address(address), 80);
                client.Send([1]);
                connected++;
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.NetworkUnreachable or SocketError.HostUnreachable)
            {
                // What the rules refuse is not counted as connected.
            }
        }

        return connected;
    });

    private static IPAddress Address(string text)
    {
        byte[] bytes = new byte[4];
        IpAddress.Parse(text).WriteBytes(bytes);
        return new(bytes);
    }

    /// <summary>The packets that nft lists for the element of an address.</summary>
    private static int Count(TestNode node, string map, string address)
    {
        string listing = node.Run("nft", "", "list", "map", "ip", "kube-proxy", map);
        string element = listing.Split('\n', ',').Single(part => part.Contains(address + " .", StringComparison.Ordinal));
        string[] words = element.Split(' ');
        return int.Parse(words[Array.IndexOf(words, "packets") + 1], System.Globalization.CultureInfo.InvariantCulture);
    }
}

using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Tests.Agent.Host;

/// <summary>Nodes that lose addresses, and node ports that answer nowhere.</summary>
public sealed class NodeAddressTests
{
    private readonly ClusterFeed _feed = new(static () => { }, static _ => { }, static () => { });

    /// <summary>cases/agent/node-loses-addresses, and its siblings.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("Hostname=node-a")]
    [InlineData("InternalIP=2001:db8::2")]
    [InlineData("InternalIP=not-an-address")]
    [InlineData("InternalIP=")]
    [InlineData("InternalDNS=192.0.2.77")]
    public void LostAddressesOfAFamilyAreKeptAndToldOf(string after)
    {
        NodeFacts facts = Facts("primary");
        Take(facts, "InternalIP=192.168.0.2 Hostname=node-a");
        NodeSettings before = facts.Resolve(IpFamily.IPv4);
        before.NodePortAddresses.Addresses.AsSpan().ToArray().Should().Equal(IpAddress.Parse("192.168.0.2"));
        facts.Problems([before]).Should().BeEmpty();

        Take(facts, after);

        facts.Resolve(IpFamily.IPv4).Should().Be(before);
        facts.Problems([facts.Resolve(IpFamily.IPv4)]).Should().ContainSingle().Which.Should().Contain("node-a").And.Contain("IPv4").And.Contain("192.168.0.2");

        Take(facts, "InternalIP=192.168.0.3");
        facts.Resolve(IpFamily.IPv4).NodeIP.Should().Be(IpAddress.Parse("192.168.0.3"));
        facts.Problems([facts.Resolve(IpFamily.IPv4)]).Should().BeEmpty();
    }

    [Fact]
    public void EachFamilyIsKeptByItself()
    {
        NodeFacts facts = Facts("primary");
        Take(facts, "InternalIP=192.168.0.2 InternalIP=2001:db8::2");
        Take(facts, "InternalIP=2001:db8::3");
        Take(facts, "Hostname=node-a");
        Take(facts, "");

        facts.Resolve(IpFamily.IPv4).NodeIP.Should().Be(IpAddress.Parse("192.168.0.2"));
        facts.Resolve(IpFamily.IPv6).NodeIP.Should().Be(IpAddress.Parse("2001:db8::3"));
        facts.Problems([facts.Resolve(IpFamily.IPv4), facts.Resolve(IpFamily.IPv6)]).Should().HaveCount(2);
    }

    [Fact]
    public void ANodeThatNeverHadAFamilyMissesNone()
    {
        NodeFacts facts = Facts("");
        Take(facts, "InternalIP=192.168.0.2");

        facts.Problems([facts.Resolve(IpFamily.IPv4), facts.Resolve(IpFamily.IPv6)]).Should().BeEmpty();
    }

    [Fact]
    public void NodePortsThatAnswerNowhereAreToldWithTheAddressesLookedAt()
    {
        IReadOnlyList<IpAddress> addresses = [IpAddress.Parse("127.0.0.1"), IpAddress.Parse("192.168.0.2"), IpAddress.Parse("fe80::1")];
        NodeFacts facts = new(new() { NodeName = "node-a", NodePortAddresses = EquatableArray.Adopt<string>(["10.0.0.0/8"]) }, () => addresses);

        string told = facts.Problems([facts.Resolve(IpFamily.IPv4), facts.Resolve(IpFamily.IPv6)]).Should().ContainSingle().Which;

        told.Should().Contain("IPv4").And.Contain("10.0.0.0/8").And.Contain("127.0.0.1 192.168.0.2").And.NotContain("fe80");
        addresses = [.. addresses, IpAddress.Parse("fe80::2")];
        facts.RefreshAddresses();
        facts.Problems([facts.Resolve(IpFamily.IPv4)]).Should().Equal([told], "pods that come and go do not make it another text");
        addresses = [IpAddress.Parse("10.1.2.3")];
        facts.RefreshAddresses();
        facts.Problems([facts.Resolve(IpFamily.IPv4)]).Should().BeEmpty();
    }

    private static NodeFacts Facts(string nodePortAddresses) => new(
        new() { NodeName = "node-a", NodePortAddresses = nodePortAddresses.Length == 0 ? default : EquatableArray.Adopt<string>([nodePortAddresses]) },
        static () => [IpAddress.Parse("127.0.0.1"), IpAddress.Parse("192.168.0.2"), IpAddress.Parse("192.168.0.3"), IpAddress.Parse("2001:db8::2"), IpAddress.Parse("2001:db8::3")]);

    private void Take(NodeFacts facts, string addresses)
    {
        NodeAddress[] parsed = [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static text => text.Split('=')).Select(static parts => new NodeAddress(parts[0], parts[1]))];
        _feed.Nodes.Put(new Node { Name = "node-a", Addresses = EquatableArray.Adopt(parsed) });
        facts.Take(_feed);
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Settings;

/// <summary>Spec 7.</summary>
public sealed class NodeSettingsTests
{
    [Theory]
    [InlineData("", "0.0.0.0", "IPv4 127.0.0.1 ::1")]
    [InlineData("InternalIP=192.0.2.1", "0.0.0.0", "IPv4 192.0.2.1 ::1")]
    [InlineData("InternalIP=fd00::1", "0.0.0.0", "IPv6 127.0.0.1 fd00::1")]
    [InlineData("InternalIP=192.0.2.1 InternalIP=fd00::1", "0.0.0.0", "IPv4 192.0.2.1 fd00::1")]
    [InlineData("InternalIP=fd00::1 InternalIP=192.0.2.1", "::", "IPv6 192.0.2.1 fd00::1")]
    [InlineData("ExternalIP=203.0.113.1 InternalIP=192.0.2.1", "0.0.0.0", "IPv4 192.0.2.1 ::1")]
    [InlineData("ExternalIP=fd00::1 InternalIP=192.0.2.1", "0.0.0.0", "IPv4 192.0.2.1 fd00::1")]
    [InlineData("Hostname=node InternalIP=nonsense InternalIP=192.0.2.1 InternalIP=192.0.2.2", "0.0.0.0", "IPv4 192.0.2.1 ::1")]
    [InlineData("InternalIP=192.0.2.1 InternalIP=fd00::1", "192.0.2.9", "IPv4 192.0.2.9 fd00::1")]
    [InlineData("InternalIP=192.0.2.1 InternalIP=fd00::1", "fd00::9", "IPv6 192.0.2.1 fd00::9")]
    [InlineData("", "fd00::9", "IPv6 127.0.0.1 fd00::9")]
    [InlineData("InternalIP=192.0.2.1", "nonsense", "IPv4 192.0.2.1 ::1")]
    public void NodeAddressesComeFromStatusAndBindAddress(string addresses, string bindAddress, string expected)
    {
        Node node = new()
        {
            Name = "node-a",
            Addresses = EquatableArray.Adopt<NodeAddress>(
                [.. addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => new NodeAddress(text.Split('=')[0], text.Split('=')[1]))]),
        };

        NodeAddresses found = NodeAddresses.Find(node, bindAddress);

        $"{found.Primary} {found.IPv4} {found.IPv6}".Should().Be(expected);
    }

    [Theory]
    [InlineData("", IpFamily.IPv4, "all loopback")]
    [InlineData("", IpFamily.IPv6, "all")]
    [InlineData("0.0.0.0/0 192.0.2.0/24", IpFamily.IPv4, "all loopback")]
    [InlineData("192.0.2.0/24 0.0.0.0/0", IpFamily.IPv4, "all loopback")]
    [InlineData("192.0.2.0/24", IpFamily.IPv4, "192.0.2.10")]
    [InlineData("192.0.2.0/24", IpFamily.IPv6, "all")]
    [InlineData("2001:db8::/32", IpFamily.IPv4, "all loopback")]
    [InlineData("2001:db8::/32", IpFamily.IPv6, "2001:db8::10")]
    [InlineData("127.0.0.0/8", IpFamily.IPv4, "127.0.0.1 loopback")]
    [InlineData("127.0.0.1/32", IpFamily.IPv4, "127.0.0.1 loopback")]
    [InlineData("64.0.0.0/2", IpFamily.IPv4, "127.0.0.1 loopback")]
    [InlineData("::/0", IpFamily.IPv6, "all")]
    [InlineData("::1/128", IpFamily.IPv6, "::1")]
    [InlineData("203.0.113.0/24", IpFamily.IPv4, "")]
    [InlineData("primary", IpFamily.IPv4, "192.0.2.10")]
    [InlineData("primary", IpFamily.IPv6, "2001:db8::10")]
    public void NodePortAddressesMatchInterfaceAddresses(string configured, IpFamily family, string expected)
    {
        EquatableArray<string> list = EquatableArray.Adopt(configured.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        NodePortAddresses found = NodePortAddresses.Resolve(family, list, NodeAddresses.Find(Nodes.NodeA, "0.0.0.0"), Nodes.Addresses);

        IEnumerable<string> words = found.Addresses.AsSpan().ToArray().Select(address => address.ToString())
            .Concat(found.MatchesAll ? ["all"] : [])
            .Concat(found.ContainsIPv4Loopback ? ["loopback"] : []);
        string.Join(' ', words).Should().Be(expected);
    }

    [Fact]
    public void PrimaryWithoutKnownAddressesMeansAll()
    {
        NodePortAddresses found = NodePortAddresses.Resolve(IpFamily.IPv4, ["primary"], NodeAddresses.Find(null, "0.0.0.0"), Nodes.Addresses);

        found.MatchesAll.Should().BeTrue();
    }

    [Theory]
    [InlineData(DetectLocalMode.ClusterCidr, IpFamily.IPv4, "Prefix 10.0.0.0/8")]
    [InlineData(DetectLocalMode.ClusterCidr, IpFamily.IPv6, "Prefix fd00::/16")]
    [InlineData(DetectLocalMode.NodeCidr, IpFamily.IPv4, "Prefix 10.244.1.0/24")]
    [InlineData(DetectLocalMode.NodeCidr, IpFamily.IPv6, "Prefix fd00:244:1::/64")]
    [InlineData(DetectLocalMode.BridgeInterface, IpFamily.IPv6, "Interface cbr0")]
    [InlineData(DetectLocalMode.InterfaceNamePrefix, IpFamily.IPv4, "InterfacePrefix cali")]
    public void TheDetectorFollowsItsMode(DetectLocalMode mode, IpFamily family, string expected)
    {
        ProxySettings proxy = new()
        {
            DetectLocalMode = mode,
            ClusterCidr = "nonsense,10.1.2.3/8,fd00::1/16,192.168.0.0/16",
            BridgeInterface = "cbr0",
            InterfaceNamePrefix = "cali",
        };

        LocalTrafficDetector detector = Nodes.Resolve(family, proxy).LocalTraffic;

        $"{detector.Kind} {(detector.Kind == LocalTrafficKind.Prefix ? detector.Prefix.ToString() : detector.Interface)}".Should().Be(expected);
    }

    [Fact]
    public void WithoutACidrOfTheFamilyThereIsNoDetector()
    {
        Nodes.Resolve(IpFamily.IPv6, new ProxySettings { ClusterCidr = "10.0.0.0/8" }).LocalTraffic.IsPresent.Should().BeFalse();
        Nodes.Resolve(IpFamily.IPv4, new ProxySettings()).LocalTraffic.IsPresent.Should().BeFalse();
    }

    [Fact]
    public void LocalhostNodePortsNeedLoopbackAmongTheAddresses()
    {
        Nodes.Resolve(IpFamily.IPv4, new ProxySettings()).LocalhostNodePorts.Should().BeTrue();
        Nodes.Resolve(IpFamily.IPv6, new ProxySettings()).LocalhostNodePorts.Should().BeFalse();
        Nodes.Resolve(IpFamily.IPv4, new ProxySettings { NodePortAddresses = ["192.0.2.0/24"] }).LocalhostNodePorts.Should().BeFalse();
        Nodes.Resolve(IpFamily.IPv4, new ProxySettings { LocalhostNodePorts = false }).LocalhostNodePorts.Should().BeFalse();
    }

    [Fact]
    public void ServiceCidrsAreSplitByFamilyAndOrdered()
    {
        EquatableArray<IpPrefix> all = [IpPrefix.Parse("10.97.0.0/16"), IpPrefix.Parse("fd00::/112"), IpPrefix.Parse("10.96.0.0/16"), IpPrefix.Parse("10.96.0.0/16")];

        NodeSettings settings = NodeSettings.Resolve(IpFamily.IPv4, new ProxySettings(), null, default, all);

        settings.ServiceCidrs.ToString().Should().Be("[10.96.0.0/16, 10.97.0.0/16]");
    }
}

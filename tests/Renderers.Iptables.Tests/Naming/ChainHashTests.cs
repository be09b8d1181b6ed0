using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Iptables.Tests.Naming;

public sealed class ChainHashTests
{
    /// <summary>The vectors of spec 1.4 and of the field cases.</summary>
    [Theory]
    [InlineData("default/kubernetes:https", "tcp", "NPX46M4PTMTKRN6Y")]
    [InlineData("kube-system/kube-dns:dns", "udp", "TCOU7JCQXEZGVUNU")]
    [InlineData("kube-system/kube-dns:dns-tcp", "tcp", "ERIFXISQEP7F7OF4")]
    [InlineData("default/web", "tcp", "LOLE4ISW44XBNF3G")]
    [InlineData("ns1/svc1:p80", "tcp", "XPGD46QRK7WJZT7O")]
    [InlineData("ns1/sip:sig", "sctp", "YT5SBPFO2ZSOCSBL")]
    [InlineData("ns2/svc2:p80", "tcp", "GNZBNJ2PO5MGZ6GT")]
    [InlineData("ns5/svc5:p80", "tcp", "NUKIZ6OKUXPJNT4C")]
    [InlineData("ingress-nginx/ingress-nginx:https", "tcp", "4E7KSV2ABIFJRAUZ")]
    public void ServiceHashesAreKubeProxys(string service, string protocol, string hash)
    {
        ChainHash.Of(Name(service, protocol)).ToString().Should().Be(hash);
    }

    [Theory]
    [InlineData("default/kubernetes:https", "tcp", "172.18.0.2", 6443, "V2PECCYPB6X2GSCW")]
    [InlineData("kube-system/kube-dns:dns", "udp", "10.244.0.2", 53, "YIL6JZP7A3QYXJU2")]
    [InlineData("kube-system/kube-dns:dns-tcp", "tcp", "10.244.0.2", 53, "IT2ZTR26TO4XFPTO")]
    [InlineData("default/web", "tcp", "10.244.1.7", 8080, "DKWNLF34UGBVYALX")]
    [InlineData("ns1/svc1:p80", "tcp", "10.180.0.1", 80, "SXIVWICOYRO3J4NJ")]
    [InlineData("ns1/svc1:p80", "tcp", "fd00:10:180::1", 80, "OGYCNMB4EMRUSJ6N")]
    [InlineData("ns1/sip:sig", "sctp", "10.0.0.9", 5060, "BJK3IUBKOKMQDKUC")]
    public void EndpointHashesAreKubeProxys(string service, string protocol, string address, ushort port, string hash)
    {
        ChainHash.Of(Name(service, protocol), new EndpointAddress(IpAddress.Parse(address), port)).ToString().Should().Be(hash);
    }

    [Fact]
    public void HashesAreOrderedLikeTheirTexts()
    {
        ChainHash[] hashes = [.. Enumerable.Range(0, 500).Select(number => ChainHash.Of(Name($"ns/svc-{number}", "tcp")))];

        string[] byHash = [.. hashes.Order().Select(hash => hash.ToString())];

        byHash.Should().Equal(hashes.Select(hash => hash.ToString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(ChainKind.External, "KUBE-EXT-LOLE4ISW44XBNF3G")]
    [InlineData(ChainKind.Firewall, "KUBE-FW-LOLE4ISW44XBNF3G")]
    [InlineData(ChainKind.Endpoint, "KUBE-SEP-LOLE4ISW44XBNF3G")]
    [InlineData(ChainKind.Service, "KUBE-SVC-LOLE4ISW44XBNF3G")]
    [InlineData(ChainKind.Local, "KUBE-SVL-LOLE4ISW44XBNF3G")]
    public void ChainNamesHaveTheirPrefixAndFitTheKernel(ChainKind kind, string name)
    {
        ChainName chain = new(kind, ChainHash.Of(Name("default/web", "tcp")));

        chain.ToString().Should().Be(name);
        name.Length.Should().BeLessThanOrEqualTo(28);
    }

    [Fact]
    public void TheLongestNamesFit()
    {
        string label = new('a', 63);
        ServicePortName name = new(new(label, label), label, TransportProtocol.Sctp);
        EndpointAddress endpoint = new(IpAddress.Parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 65535);

        ChainHash.Of(name, endpoint).ToString().Length.Should().Be(16);
    }

    private static ServicePortName Name(string text, string protocol)
    {
        string[] parts = text.Split('/', ':');
        TransportProtocols.TryParse(protocol.ToUpperInvariant(), out TransportProtocol parsed).Should().BeTrue();
        return new(new NamespacedName(parts[0], parts[1]), parts.Length > 2 ? parts[2] : "", parsed);
    }
}

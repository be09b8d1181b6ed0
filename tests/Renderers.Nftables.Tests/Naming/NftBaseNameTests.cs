using System.Text;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Nftables.Tests.Naming;

public sealed class NftBaseNameTests
{
    /// <summary>The table of spec 1.5, but for its last line, whose address is not in the form that addresses are written in (RFC 5952).</summary>
    [Theory]
    [InlineData("default", "kubernetes", "https", TransportProtocol.Tcp, "2QRHZV4L-default/kubernetes/tcp/https", "172.18.0.2", 6443, "KJBNWEXB-default/kubernetes/tcp/https__172.18.0.2/6443")]
    [InlineData("kube-system", "kube-dns", "dns", TransportProtocol.Udp, "FY5PMXPG-kube-system/kube-dns/udp/dns", "10.244.0.2", 53, "2GKX576Q-kube-system/kube-dns/udp/dns__10.244.0.2/53")]
    [InlineData("default", "web", "", TransportProtocol.Tcp, "PFISGYVC-default/web/tcp/", "10.244.1.7", 8080, "AO35GW35-default/web/tcp/__10.244.1.7/8080")]
    [InlineData("ns1", "svc1", "p80", TransportProtocol.Tcp, "ULMVA6XW-ns1/svc1/tcp/p80", "fd00:10:180::1", 80, "ZVRFLKHO-ns1/svc1/tcp/p80__fd00.10.180..1/80")]
    public void NamesAreThoseOfKubeProxy(string ns, string name, string port, TransportProtocol protocol, string service, string address, int endpointPort, string endpoint)
    {
        ServicePortName portName = new(new(ns, name), port, protocol);

        NftBaseName.Of(portName).Should().Be(service);
        NftBaseName.Of(portName, new EndpointAddress(IpAddress.Parse(address), (ushort)endpointPort)).Should().Be(endpoint);
    }

    /// <summary>The kernel takes names of up to 255 bytes; the longest prefix that we write is "endpoint-".</summary>
    [Fact]
    public void NamesFitIntoTheKernel()
    {
        ServicePortName longest = new(new(new string('n', 63), new string('s', 63)), new string('p', 63), TransportProtocol.Sctp);
        EndpointAddress endpoint = new(IpAddress.Parse("fd80:abcd:1234:5678:a1b2:c3d4:e5f6:9999"), 65535);

        string name = NftBaseName.Of(longest, endpoint);

        Encoding.UTF8.GetByteCount(name).Should().Be(NftBaseName.MaxLength);
        name.Should().EndWith("...");
        name.Should().NotBe(NftBaseName.Of(longest, endpoint with { Port = 65534 }), "the hash covers what was cut");
    }
}

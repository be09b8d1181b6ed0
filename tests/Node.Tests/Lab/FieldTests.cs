using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>The four Services of docs/field-walkthroughs.md with real packets. An answer proves both directions.</summary>
[Trait("Category", "Netns")]
public sealed class FieldTests
{
    private static readonly string[] s_echoPods =
    [
        "172.16.80.24", "172.16.80.130", "172.16.80.193", "172.16.80.242", "172.16.81.86",
        "172.16.81.129", "172.16.81.248", "172.16.82.10", "172.16.82.54", "172.16.82.91",
    ];

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void ClusterIpWithTenEndpoints(string mode)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = new("field-echoheaders", "172.16.80.208/22", "172.16.80.209/22", "172.16.80.1/22", "172.16.80.2");
        lab.AddSecondPods(8080, s_echoPods);
        LabClient client = new(lab.Network.AddPod("client", "172.16.80.77"), null);
        lab.Agent.Start(mode);

        FieldLab.Answers(client, "10.100.92.97", 80, attempts: 250)
            .Should().BeEquivalentTo(s_echoPods.Select(pod => $"{pod} saw 172.16.80.77"));
    }

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void LoadBalancerWithPolicyCluster(string mode)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = FieldLab.Ingress("field-ingress-nginx-cluster");
        LabClient pod = new(lab.Network.AddPod("client", "192.168.176.203"), null);
        lab.Agent.Start(mode);

        FieldLab.Answers(lab.Outside, "10.33.151.160", 443, attempts: 80).Should().BeEquivalentTo(
            [.. FieldLab.IngressPods.Select(address => $"{address} saw 10.33.144.10"), "192.168.176.202 saw 192.168.176.193"]);
        FieldLab.Answers(pod, "10.97.74.168", 443, attempts: 80).Should().BeEquivalentTo(
            [.. FieldLab.IngressPods.Select(address => $"{address} saw 192.168.176.203"), "192.168.176.202 saw 192.168.176.203"]);
        FieldLab.Answers(lab.Outside, "10.33.144.10", 31255).Should().OnlyContain(answer => answer.EndsWith("saw 10.33.144.10") || answer.EndsWith("saw 192.168.176.193"));
    }

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void LoadBalancerWithPolicyLocal(string mode)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = FieldLab.Ingress("field-ingress-nginx-local");
        LabClient pod = new(lab.Network.AddPod("client", "192.168.176.203"), null);
        lab.Agent.Start(mode);

        FieldLab.Answers(lab.Outside, "10.33.151.160", 443).Should().BeEquivalentTo("192.168.176.202 saw 203.0.113.2");
        FieldLab.Answers(pod, "10.33.151.160", 443, attempts: 80).Should().BeEquivalentTo(
            [.. FieldLab.IngressPods.Select(address => $"{address} saw 192.168.176.203"), "192.168.176.202 saw 192.168.176.203"]);
        FieldLab.Answers(new(lab.Network.Node, null), "10.33.151.160", 443, attempts: 80).Should().BeEquivalentTo(
            [.. FieldLab.IngressPods.Select(address => $"{address} saw 10.33.144.10"), "192.168.176.202 saw 192.168.176.193"]);
    }

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void NodePortOverAnOverlay(string mode)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = new("field-httpserver", "192.168.0.2/24", "192.168.0.3/24", "192.168.0.1/24", "10.100.24.1");
        Overlay(lab.Network.Node, "192.168.0.2", "10.100.24.0", "192.168.0.3", "10.100.81.0");
        Overlay(lab.Network.Second, "192.168.0.3", "10.100.81.0", "192.168.0.2", "10.100.24.0");
        lab.Network.Second.Ip("addr add 10.100.81.180/32 dev lo");
        lab.Network.Second.Serve("p3000", "10.100.81.180", 3000);
        lab.Network.Second.Serve("p8080", "10.100.81.180", 8080);
        lab.Agent.Start(mode);

        FieldLab.Answers(lab.Outside, "192.168.0.2", 30000, attempts: 5).Should().BeEquivalentTo("p3000 saw 10.100.24.0");
        FieldLab.Answers(lab.Outside, "192.168.0.2", 30080, attempts: 5).Should().BeEquivalentTo("p8080 saw 10.100.24.0");
    }

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public void EndpointInTheNodesOwnNetwork(string mode)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = new("field-hostnetwork", "10.20.0.2/24", "10.20.0.3/24", "10.20.0.1/24", "10.1.1.1");
        lab.Network.Node.Serve("hostweb", "10.20.0.2", 8080);
        LabClient pod = new(lab.Network.AddPod("client", "10.1.1.3"), null);
        lab.Agent.Start(mode);

        FieldLab.Answers(pod, "10.104.221.85", 80, attempts: 5).Should().BeEquivalentTo("hostweb saw 10.1.1.3");
        FieldLab.Answers(new(lab.Network.Node, null), "10.104.221.85", 80, attempts: 5).Should().BeEquivalentTo("hostweb saw 10.20.0.2");
    }

    private static void Overlay(LabHost host, string outer, string inner, string peer, string peerInner) => host.Ip(
        $"link add overlay type vxlan id 42 dstport 4789 local {outer} remote {peer}",
        $"addr add {inner}/32 dev overlay",
        "link set overlay up",
        $"route add {peerInner}/24 via {peerInner} dev overlay onlink");
}

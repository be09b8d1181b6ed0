using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>Whose address others see when pods send something out of the cluster, by packets.</summary>
[Trait("Category", "Netns")]
public sealed class EgressTests
{
    private static readonly bool[] s_families = [false, true];

    [SkippableTheory]
    [InlineData("iptables nft")]
    [InlineData("iptables legacy")]
    [InlineData("nftables netlink")]
    [InlineData("nftables nft")]
    public void PodsLeaveWithTheAddressOfTheNode(string rules)
    {
        LabRequirements.RequireOrSkip();
        using EgressLab lab = new(rules);
        lab.Start(masquerades: true);

        foreach (bool isIPv6 in s_families)
        {
            // Outside nobody knows the way to a pod, so an answer came back through the node.
            lab.Ask("a1", "world", isIPv6).Should().Be("world node");
            lab.Ask("a1", "second", isIPv6).Should().Be("second own");
            lab.Ask("a1", "b1", isIPv6).Should().Be("b1 own");
            lab.Ask("a1", "a2", isIPv6).Should().Be("a2 own");
            ServicesAreAsBefore(lab, isIPv6);
        }

        lab.Configure("10.0.0.0/8, 'fc00::/7'");

        foreach (bool isIPv6 in s_families)
        {
            lab.Until("a1", "second", isIPv6, "second node");
            lab.Ask("gateway", "second", isIPv6).Should().Be("second own", "it is an address of the node, though of the pods' range");
            ServicesAreAsBefore(lab, isIPv6);
        }

        int mark = lab.Lab.Agent.Mark();
        lab.Write("nonMasqueradeCIDRs: [10.0.0.1/8]\n");
        lab.Lab.Agent.WaitFor(mark, "nonMasqueradeCIDRs[0] \\\"10.0.0.1/8\\\" has bits behind");
        lab.Ask("a1", "second", isIPv6: false).Should().Be("second node");
        lab.Configure(EgressLab.Ranges);

        foreach (bool isIPv6 in s_families)
        {
            lab.Until("a1", "second", isIPv6, "second own");
            lab.Flush(isIPv6);
            lab.Until("a1", "world", isIPv6, "world node");
        }
    }

    [SkippableTheory]
    [InlineData("iptables nft")]
    [InlineData("iptables legacy")]
    [InlineData("nftables netlink")]
    [InlineData("nftables nft")]
    public void NothingIsLeftWhenItIsTurnedOffOrCleanedUp(string rules)
    {
        LabRequirements.RequireOrSkip();
        using EgressLab lab = new(rules);
        lab.Start(masquerades: false);
        foreach (bool isIPv6 in s_families)
        {
            lab.Ask("a1", "world", isIPv6).Should().Be("dropped");
        }

        lab.Lab.Agent.Stop();
        lab.Start(masquerades: true);
        foreach (bool isIPv6 in s_families)
        {
            lab.Ask("a1", "world", isIPv6).Should().Be("world node");
            lab.Rules(isIPv6).Should().ContainAny("KUBE-EGRESS-MASQ", "jump egress-masquerade");
        }

        lab.Lab.Agent.Stop();
        lab.Start(masquerades: false);
        foreach (bool isIPv6 in s_families)
        {
            lab.Ask("a1", "world", isIPv6).Should().Be("dropped");
            lab.Rules(isIPv6).Should().NotContainAny("KUBE-EGRESS-MASQ", "jump egress-masquerade");
        }

        lab.Lab.Agent.Stop();
        lab.Start(masquerades: true);
        lab.Lab.Agent.Stop();
        lab.CleanUp();
        foreach (bool isIPv6 in s_families)
        {
            lab.Rules(isIPv6).Should().NotContainAny("KUBE-EGRESS-MASQ", "KUBE-SERVICES", "table ip kube-proxy", "table ip6 kube-proxy");
        }
    }

    /// <summary>Where pods are known by their interface, and where nobody knows them.</summary>
    [SkippableTheory]
    [InlineData("iptables nft")]
    [InlineData("iptables legacy")]
    [InlineData("nftables netlink")]
    public void PodsAreFoundAsServicesFindThem(string rules)
    {
        LabRequirements.RequireOrSkip();
        using EgressLab lab = new(rules, "detectLocalMode: InterfaceNamePrefix\ndetectLocal: {interfaceNamePrefix: pod-}\n");
        lab.Start(masquerades: true);
        foreach (bool isIPv6 in s_families)
        {
            lab.Ask("a1", "world", isIPv6).Should().Be("world node");
            lab.Ask("a1", "second", isIPv6).Should().Be("second own");
            ServicesAreAsBefore(lab, isIPv6);
        }

        lab.Lab.Agent.Stop();
        lab.Lab.Agent.Configuration = "";
        int mark = lab.Lab.Agent.Mark();
        lab.Start(masquerades: true);
        lab.Lab.Agent.WaitFor(mark, "egress masquerade writes no IPv4 rules: no IPv4 pod CIDR is known");
        lab.Rules(isIPv6: false).Should().NotContainAny("KUBE-EGRESS-MASQ", "jump egress-masquerade");
    }

    private static void ServicesAreAsBefore(EgressLab lab, bool isIPv6)
    {
        lab.Ask("a3", EgressLab.Plain, "cluster", isIPv6).Should().BeOneOf("a1 own", "b1 own");
        lab.Ask("outside", EgressLab.Plain, "nodeport", isIPv6).Should().BeOneOf("a1 node", "b1 node");
        lab.Ask("a1", EgressLab.Alone, "cluster", isIPv6).Should().Be("a1 node", "the hairpin is masqueraded");
        lab.Ask("node", EgressLab.Plain, "cluster", isIPv6).Should().BeOneOf("a1 node", "b1 node");
    }
}

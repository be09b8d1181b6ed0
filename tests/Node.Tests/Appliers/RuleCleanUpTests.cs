using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.CleanUp;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>The clean-up leaves nothing of ours, and everything of others.</summary>
[Trait("Category", "Netns")]
public sealed class RuleCleanUpTests
{
    private static readonly string[] s_variants = ["nft", "legacy"];

    private static readonly IpFamily[] s_families = [IpFamily.IPv4, IpFamily.IPv6];

    [SkippableFact]
    public async Task EverythingOfOursGoesAndEverythingOfOthersStays()
    {
        using TestNode node = CreateOrSkip();
        MakeForeignRules(node);
        string[] before = State(node);
        await ApplyEverywhereAsync(node);
        State(node).Should().NotEqual(before);

        CleanUpResult result = await new RuleCleanUp(node.Runner).CleanAllAsync(default);

        result.Errors.Should().BeEmpty();
        result.Messages.Should().HaveCount(2 + (2 * 2 * 3));
        string[] after = State(node);
        after.SequenceEqual(before).Should().BeTrue(TextDiff.Describe(before, after));
    }

    [SkippableFact]
    public async Task CleaningAnEmptyHostDoesNothing()
    {
        using TestNode node = CreateOrSkip();

        CleanUpResult result = await new RuleCleanUp(node.Runner).CleanAllAsync(default);

        result.IsClean.Should().BeTrue();
        result.Messages.Should().BeEmpty();
    }

    /// <summary>Each family by itself: one may never get rules of the new mode, and then has to keep the old ones.</summary>
    [SkippableTheory]
    [InlineData(ProxyMode.Nftables, IpFamily.IPv4)]
    [InlineData(ProxyMode.Nftables, IpFamily.IPv6)]
    [InlineData(ProxyMode.Iptables, IpFamily.IPv4)]
    [InlineData(ProxyMode.Iptables, IpFamily.IPv6)]
    public async Task AtTheStartTheRulesOfTheOtherModeGo(string mode, IpFamily cleaned)
    {
        using TestNode node = CreateOrSkip();
        await ApplyEverywhereAsync(node);
        CleanUpResult result = new();

        await new RuleCleanUp(node.Runner).CleanOtherModesAsync(mode, cleaned, result, default);

        result.Errors.Should().BeEmpty();
        foreach (IpFamily family in s_families)
        {
            node.NftTable(family).Any().Should().Be(mode == ProxyMode.Nftables || family != cleaned);
            foreach (string variant in s_variants)
            {
                node.Run(TestNode.Tools(family, variant).Save, "").Contains("KUBE-SERVICES", StringComparison.Ordinal)
                    .Should().Be(mode == ProxyMode.Iptables || family != cleaned);
            }
        }
    }

    /// <summary>A chain that somebody else's rule leads to cannot be deleted: that is told, not hidden.</summary>
    [SkippableFact]
    public async Task WhatCannotGoIsReported()
    {
        using TestNode node = CreateOrSkip();
        await ApplyEverywhereAsync(node);
        node.Run("iptables-nft", "", "-w", "5", "-t", "nat", "-I", "PREROUTING", "-d", "192.0.2.1", "-j", "KUBE-SERVICES");

        CleanUpResult result = await new RuleCleanUp(node.Runner).CleanAllAsync(default);

        result.IsClean.Should().BeFalse();
        result.Errors.Should().ContainSingle().Which.Should().Contain("nat").And.Contain("KUBE-SERVICES");
    }

    private static TestNode CreateOrSkip() => TestNode.CreateOrSkip("nft", "iptables-nft-restore", "iptables-legacy-restore", "nfacct");

    private static async Task ApplyEverywhereAsync(TestNode node)
    {
        RuleModelSnapshot model = ModelLoader.ReadCase(RecordedCases.CaseDirectory("dual-stack"), "iptables");
        foreach (IpFamily family in s_families)
        {
            (await node.Nftables(family).ApplyFullAsync(model[family], default)).Should().Be(ApplyResult.Applied);
            foreach (string variant in s_variants)
            {
                (await node.Iptables(family, variant).ApplyFullAsync(model[family], default)).Should().Be(ApplyResult.Applied);
            }
        }
    }

    /// <summary>Rules of the kubelet and of an administrator, in every place that is cleaned.</summary>
    private static void MakeForeignRules(TestNode node)
    {
        foreach (string variant in s_variants)
        {
            foreach (IpFamily family in s_families)
            {
                string restore = TestNode.Tools(family, variant).Restore;
                string address = family == IpFamily.IPv4 ? "192.0.2.1/32" : "2001:db8::1/128";
                node.Run(restore, $"*mangle\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n*filter\n:KUBE-FIREWALL - [0:0]\n:MINE - [0:0]\n-A INPUT -j KUBE-FIREWALL\n-A INPUT -j MINE\n-A OUTPUT -j KUBE-FIREWALL\n-A MINE -s {address} -j ACCEPT\nCOMMIT\n*nat\n:MINE - [0:0]\n:KUBE-SVC-mine - [0:0]\n-A POSTROUTING -j MINE\n-A MINE -s {address} -j RETURN\nCOMMIT\n", "-w", "5", "--noflush");
            }
        }

        node.Run("nft", "table inet mine { chain x { type filter hook input priority 5; ip saddr 192.0.2.1 accept; }\n }\ntable ip kube-proxy-not { chain y { }\n }\n", "-f", "-");
    }

    /// <summary>All rules but those in KUBE-FIREWALL, which are the kubelet's as much as ours, and stay.</summary>
    private static string[] State(TestNode node)
    {
        List<string> lines = [];
        foreach (IpFamily family in s_families)
        {
            foreach (string variant in s_variants)
            {
                lines.AddRange(node.Run(TestNode.Tools(family, variant).Save, "").Split('\n').Where(line => !line.StartsWith('#') && !line.StartsWith("-A KUBE-FIREWALL", StringComparison.Ordinal)).Select(WithoutCounters));
            }

            lines.AddRange(node.NftTable(family));
        }

        lines.AddRange(node.Run("nft", "", "list", "table", "inet", "mine").Split('\n'));
        lines.AddRange(node.Run("nft", "", "list", "table", "ip", "kube-proxy-not").Split('\n'));
        return [.. lines];
    }

    private static string WithoutCounters(string line) => line.Split(" [")[0];
}

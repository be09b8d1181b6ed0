namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The two ways to run the program that leave no rules.</summary>
[Trait("Category", "Netns")]
public sealed class CleanUpTests
{
    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task CleaningUpLeavesNothing(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 20);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.WaitForLogAsync("Synced IPv6 rules (full)");
        await agent.StopAsync();
        Everything(lab).Should().ContainEquivalentOf("kube", "there is something to clean up");

        RunningAgent cleaner = lab.Start(mode, "--cleanup");

        (await cleaner.ExitAsync()).Should().Be(0);
        Everything(lab).Should().NotContain("SERVICES").And.NotContain("kube-proxy").And.NotContain("KUBE-S").And.NotContain("KUBE-NODEPORTS");
        (await lab.Start(mode, "--cleanup").ExitAsync()).Should().Be(0, "there is nothing left to do");
    }

    [SkippableFact]
    public async Task WhatCannotBeCleanedUpMakesItFail()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 2);
        RunningAgent agent = lab.Start("nft");
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.StopAsync();
        lab.Network.Run("iptables-nft", "-t", "nat", "-I", "PREROUTING", "-d", "192.0.2.1", "-j", "KUBE-SERVICES");

        (await lab.Start("nft", "--cleanup").ExitAsync()).Should().Be(1);
    }

    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task PreparingTheNodeWritesNoRules(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 20);

        (await lab.Start(mode, "--init-only").ExitAsync()).Should().Be(0);

        Everything(lab).Should().NotContainEquivalentOf("kube");
    }

    /// <summary>Everything that is in the kernel, of whomever.</summary>
    private static string Everything(AgentLab lab) =>
        string.Concat(((string[])["iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "ip6tables-legacy-save"]).Select(tool => lab.Network.Run(tool)))
        + lab.Network.Run("nft", "list", "ruleset");
}

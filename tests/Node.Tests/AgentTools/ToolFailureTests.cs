using System.Diagnostics;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The tools fail: the rules that are there stay, it is told, and the agent recovers by itself.</summary>
[Trait("Category", "Netns")]
public sealed class ToolFailureTests
{
    private const string Failed = "rules could not be written";

    [SkippableTheory]
    [InlineData("nftables", "fail-once")]
    [InlineData("nftables", "die-once")]
    [InlineData("nft", "fail-once")]
    [InlineData("nft", "die-once")]
    [InlineData("legacy", "die-once")]
    public async Task OneFailureIsMadeGoodAtOnce(string mode, string failure)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, mode);
        lab.Tools.TroubleOnce(mode, failure);

        Shop.Write(lab.Manifests, 3, generation: 1);

        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(3), Shop.Endpoint(3, 1)), "the new rules");
        lab.Tools.IsDone(mode, failure).Should().BeTrue();
        await agent.WaitAsync(() => agent.Count(Failed) == 1, "the failure in the log");
        agent.Metric(Metric(mode, isPartial: true)).Should().Be(1);
        agent.Health().Should().Be(200);
        await agent.StopAsync();
    }

    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task WhileTheToolFailsTheLastGoodRulesStayAndItIsTold(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, mode);
        IReadOnlyList<string> good = lab.Rules(mode);
        agent.Health().Should().Be(200);
        lab.Tools.Fail(true);

        Shop.Write(lab.Manifests, 4, generation: 1);

        await agent.WaitAsync(() => agent.Health() == 503, "ill health");
        await agent.WaitAsync(() => agent.Count(Failed) > 2, "failures in the log");
        agent.Metric(Metric(mode, isPartial: false)).Should().BeGreaterThan(2);
        lab.Rules(mode).Should().Equal(good);

        lab.Tools.Fail(false);

        await agent.WaitAsync(() => agent.Health() == 200, "good health");

        // If the tool works again between a failure and the question whether any Service is to blame, the old versions are
        // written first, and the new one a moment later.
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(4), Shop.Endpoint(4, 1)), "the new rules");
        await agent.WaitAsync(() => !lab.IsServed(mode, Shop.Address(3), Shop.Endpoint(3, 0)), "the end of the old rules");
        await agent.StopAsync();
    }

    /// <summary>Longer than iptables waits for it, several times over.</summary>
    [SkippableFact]
    public async Task ALockThatSomebodyHoldsForLongDelaysButBreaksNothing()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, "legacy");
        IReadOnlyList<string> good = lab.Rules("legacy");
        Process holder = lab.Network.Start("flock", [lab.LockFile, "sleep", "20"]);

        Shop.Write(lab.Manifests, 4, generation: 1);

        await agent.WaitForLogAsync("holding the xtables lock");
        await agent.WaitAsync(() => agent.Health() == 503, "ill health");
        lab.Rules("legacy").Should().Equal(good);
        await agent.WaitAsync(() => agent.Health() == 200, "good health");
        holder.HasExited.Should().BeTrue();
        await agent.WaitAsync(() => lab.IsServed("legacy", Shop.Address(4), Shop.Endpoint(4, 1)), "the new rules");
        await agent.StopAsync();
    }

    private static string Metric(string mode, bool isPartial) => mode == "nftables" ? "kubeproxy_sync_proxy_rules_nftables_sync_failures_total"
        : isPartial ? "kubeproxy_sync_proxy_rules_iptables_partial_restore_failures_total"
        : "kubeproxy_sync_proxy_rules_iptables_restore_failures_total";

    private static async Task<RunningAgent> StartAsync(AgentLab lab, string mode)
    {
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.WaitForLogAsync("Synced IPv6 rules (full)");
        lab.IsServed(mode, Shop.Address(3), Shop.Endpoint(3, 0)).Should().BeTrue();
        return agent;
    }
}

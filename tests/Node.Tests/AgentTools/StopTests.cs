using System.Diagnostics;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The agent ends in the worst moments: the kernel has the old rules or the new ones, never a part.</summary>
[Trait("Category", "Netns")]
public sealed class StopTests
{
    private const int Services = 2000;

    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task ASyncThatHasBegunMayFinish(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, mode, 3);
        lab.Tools.Hold(mode, true);
        Shop.Write(lab.Manifests, 3, generation: 1);
        await agent.WaitAsync(() => lab.Tools.IsHeld, "the sync");

        agent.Signal("TERM");
        lab.Tools.Hold(mode, false);

        (await agent.ExitAsync()).Should().Be(143);
        lab.IsServed(mode, Shop.Address(3), Shop.Endpoint(3, 1)).Should().BeTrue();
    }

    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task ASyncThatDoesNotFinishIsBrokenOffAfterTheGrace(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, mode, 3);
        IReadOnlyList<string> good = lab.Rules(mode);
        lab.Tools.Hold(mode, true);
        Shop.Write(lab.Manifests, 3, generation: 1);
        await agent.WaitAsync(() => lab.Tools.IsHeld, "the sync");

        agent.Signal("TERM");

        // The tool never ends, so the agent has not waited for it.
        (await agent.ExitAsync()).Should().Be(143);
        lab.Tools.Hold(mode, false);
        lab.Rules(mode).Should().Equal(good);
    }

    /// <summary>
    /// The tool has read a part, or not even begun to, when the agent is killed, and what came through a pipe ends between
    /// two lines: nft would take that for a whole script.
    /// </summary>
    [SkippableTheory]
    [InlineData("nftables", 0)]
    [InlineData("nftables", 512 * 1024)]
    [InlineData("nft", 0)]
    [InlineData("nft", 256 * 1024)]
    [InlineData("legacy", 256 * 1024)]
    public async Task AKilledAgentLeavesNoPartOfAScript(string mode, int bytes)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, mode, Services);
        IReadOnlyList<string> good = lab.Rules(mode);
        await agent.StopAsync();
        Shop.Write(lab.Manifests, Services, generation: 1);
        lab.Tools.ReadSlowly(bytes);
        agent = lab.Start(mode);
        await agent.WaitForLogAsync("The health server listens");
        lab.Tools.Hold(mode, true);
        await agent.WaitAsync(() => lab.Tools.IsHeld, "the first sync");

        await agent.KillAsync();
        lab.Tools.Hold(mode, false);

        (await Eventually.IsTrueAsync(() => !lab.Tools.IsHeld && Processes(lab) == 0, 60)).Should().BeTrue();
        lab.Rules(mode).Should().Equal(good);
        RunningAgent next = lab.Start(mode);
        await next.WaitForLogAsync("Synced IPv4 rules (full)");
        lab.IsServed(mode, Shop.Address(Services), Shop.Endpoint(Services, 1)).Should().BeTrue();
        await next.StopAsync();
    }

    /// <summary>At moments all over a full sync: from the first to after the last.</summary>
    [SkippableFact]
    public async Task AtNoMomentLeavesAKillAPartOfARuleSet()
    {
        const int Rounds = 8;
        using AgentLab lab = AgentLab.CreateOrSkip();
        RunningAgent agent = await StartAsync(lab, "nftables", Services);
        IReadOnlyList<string>[] states = [lab.Rules("nftables"), []];
        await agent.StopAsync();
        Shop.Write(lab.Manifests, Services, generation: 1);
        agent = lab.Start("nftables");
        await agent.WaitForLogAsync("Read manifests");
        long start = Stopwatch.GetTimestamp();
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        TimeSpan duration = Stopwatch.GetElapsedTime(start);
        states[1] = lab.Rules("nftables");
        await agent.StopAsync();
        HashSet<int> seen = [];
        for (int round = 0; round < Rounds; round++)
        {
            Shop.Write(lab.Manifests, Services, generation: round % 2);
            agent = lab.Start("nftables");
            await agent.WaitForLogAsync(round == Rounds - 1 ? "Synced IPv4 rules (full)" : "Read manifests");
            await Task.Delay(duration * ((double)round / Rounds), TimeProvider.System, CancellationToken.None);
            await agent.KillAsync();
            (await Eventually.IsTrueAsync(() => Processes(lab) == 0, 60)).Should().BeTrue();

            IReadOnlyList<string> rules = lab.Rules("nftables");
            int state = Array.FindIndex(states, known => known.SequenceEqual(rules));
            state.Should().NotBe(-1, $"the rules of round {round} should be those of one state");
            seen.Add(state == round % 2 ? 1 : 0);
        }

        seen.Should().Contain(1, "the last kill comes after the commit");
    }

    /// <summary>Processes in the namespace: what the agent left running.</summary>
    private static int Processes(AgentLab lab) =>
        Testing.ChildProcess.Run("ip", "", "netns", "pids", lab.Network.Name).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length;

    private static async Task<RunningAgent> StartAsync(AgentLab lab, string mode, int services)
    {
        Shop.Write(lab.Manifests, services);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.WaitForLogAsync("Synced IPv6 rules (full)");
        return agent;
    }
}

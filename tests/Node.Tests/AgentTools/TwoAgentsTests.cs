namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Two agents on one node, as happens while a DaemonSet is replaced: no endless fight.</summary>
[Trait("Category", "Netns")]
public sealed class TwoAgentsTests
{
    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task TwoAgentsComeToRest(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 50);
        RunningAgent[] agents =
        [
            lab.Start(mode, [], 10256, 10249, "--iptables-sync-period=30s"),
            lab.Start(mode, [], 10257, 10250, "--iptables-sync-period=30s"),
        ];
        foreach (RunningAgent agent in agents)
        {
            await agent.WaitForLogAsync("Synced IPv4 rules (full)");
            await agent.WaitForLogAsync("Synced IPv6 rules (full)");
        }

        Shop.Write(lab.Manifests, 50, generation: 1);
        await agents[0].WaitAsync(() => lab.IsServed(mode, Shop.Address(50), Shop.Endpoint(50, 1)), "the new rules");

        // Repairs follow one another at growing distances; a fight at full speed makes hundreds.
        int before = lab.Tools.Calls;
        await Task.Delay(TimeSpan.FromSeconds(8), TimeProvider.System, CancellationToken.None);
        (lab.Tools.Calls - before).Should().BeLessThan(40);

        IReadOnlyList<string> rules = lab.Rules(mode);
        agents.Should().AllSatisfy(agent => agent.Health().Should().Be(200));
        await agents[1].StopAsync();
        await agents[0].StopAsync();
        for (int number = 1; number <= 50; number++)
        {
            rules.Should().Contain(line => line.Contains(Shop.Address(number), StringComparison.Ordinal));
            rules.Should().Contain(line => line.Contains(Shop.Endpoint(number, 1), StringComparison.Ordinal));
            rules.Should().NotContain(line => line.Contains(Shop.Endpoint(number, 0), StringComparison.Ordinal));
        }
    }
}

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>nftables mode on a node that has no nft.</summary>
[Trait("Category", "Netns")]
public sealed class WithoutNftTests
{
    /// <summary>Runs a program that finds no nft that can be executed.</summary>
    private static readonly string[] s_withoutNft = ["unshare", "-m", "sh", "-c", "mount --bind /dev/null /usr/sbin/nft && PATH=/usr/sbin:/usr/bin:/sbin:/bin exec \"$@\"", "sh"];

    [SkippableFact]
    public async Task RulesAreWrittenUpdatedAndRepaired()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 20, affinity: "ClientIP");
        RunningAgent agent = lab.Start("netlink", s_withoutNft, 10256, 10249);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.WaitForLogAsync("Synced IPv6 rules (full)");
        lab.IsServed("netlink", Shop.Address(20), Shop.Endpoint(20, 0)).Should().BeTrue();

        Shop.Write(lab.Manifests, 21, generation: 1);
        await agent.WaitAsync(() => lab.IsServed("netlink", Shop.Address(21), Shop.Endpoint(21, 1)), "the new rules");
        await agent.WaitAsync(() => !lab.IsServed("netlink", Shop.Address(20), Shop.Endpoint(20, 0)), "the end of the old rules");
        IReadOnlyList<string> good = lab.Rules("netlink");

        lab.Network.Run("nft", "flush", "map", "ip", "kube-proxy", "service-ips");
        await agent.WaitForLogAsync("IPv4 rules are in place again");
        lab.Rules("netlink").Should().Equal(good);

        lab.Network.Run("nft", "delete", "table", "ip", "kube-proxy");
        await agent.WaitAsync(() => lab.Rules("netlink").SequenceEqual(good), "the second repair, which the log does not repeat within a minute");

        agent.Health().Should().Be(200);
        lab.Tools.Calls.Should().Be(0);
        await agent.StopAsync();
    }

    /// <summary>What the program nft is asked for with a flag fails with the reason.</summary>
    [SkippableFact]
    public async Task TheProgramIsMissedWhereItIsAskedFor()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 1);
        RunningAgent agent = lab.Start("nftables", s_withoutNft, 10256, 10249);

        (await agent.ExitAsync()).Should().Be(1);
        (await Eventually.IsTrueAsync(() => agent.Count("nftables mode needs the nft tool") == 1, 20)).Should().BeTrue("the reason is logged");
    }
}

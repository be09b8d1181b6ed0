namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Beside a program that commits all the time, iptables-nft-save of many rules never ends.</summary>
[Trait("Category", "Netns")]
public sealed class EndlessListingTests
{
    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task ItHoldsUpNeitherTheRepairNorChanges()
    {
        const string Mode = "nft";
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 5);
        RunningAgent agent = lab.Start(Mode);
        await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(1), Shop.Endpoint(1, 0)), "the first rules");
        lab.Tools.HoldListings(true);

        lab.Network.Run("env", $"XTABLES_LOCKFILE={lab.LockFile}", $"/usr/sbin/iptables-{Mode}", "-w", "-t", "nat", "-F", "KUBE-SERVICES");
        await agent.WaitForLogAsync("the shared chains are written again; whether other chains were damaged is not known yet");
        Shop.Write(lab.Manifests, 5, generation: 1);

        await agent.WaitAsync(() => lab.IsServed(Mode, Shop.Address(1), Shop.Endpoint(1, 1)), "the repair and the change");
        agent.Count("could not be written").Should().Be(0);

        lab.Tools.HoldListings(false);
        await agent.StopAsync();
    }
}

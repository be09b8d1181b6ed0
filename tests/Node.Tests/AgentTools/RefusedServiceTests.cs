namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The kernel refuses the rules of one Service: all others get theirs.</summary>
[Trait("Category", "Netns")]
public sealed class RefusedServiceTests
{
    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task OneRefusedServiceIsLeftOutUntilItChanges(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 10);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        lab.Tools.Poison(Shop.Address(13));

        Shop.Write(lab.Manifests, 20, generation: 1);

        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(20), Shop.Endpoint(20, 1)), "the new rules of the others");
        for (int number = 1; number <= 20; number++)
        {
            // What passed is written as it is found, so the last one may come before others.
            int service = number;
            await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(service), Shop.Endpoint(service, 1)) == (service != 13), $"the right rules of Service {service}");
        }

        await agent.WaitAsync(() => agent.Metric("kubeproxysharp_quarantined_services") > 0, "the metric");
        await agent.WaitAsync(() => agent.Count("refuses the IPv4 rules of Service shop/s13") == 1, "its name in the log");
        agent.Count("rules of Service").Should().Be(1);
        await agent.WaitAsync(() => agent.Health() == 200, "good health");

        // Its rules would be taken now, but nobody knows before it changes; the others go on.
        lab.Tools.Poison(null);
        Shop.Write(lab.Manifests, 21, generation: 1);
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(21), Shop.Endpoint(21, 1)), "the rules of a new one");
        lab.IsServed(mode, Shop.Address(13), Shop.Endpoint(13, 1)).Should().BeFalse();

        File.WriteAllText(Path.Combine(lab.Manifests, "shop.yaml"), Shop.Manifest(21, 1).Replace(Shop.Service(13), Shop.Service(13, port: 8013), StringComparison.Ordinal));
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(13), Shop.Endpoint(13, 1)), "the rules of the changed one");
        await agent.WaitAsync(() => agent.Metric("kubeproxysharp_quarantined_services") == 0, "the metric to be 0");
        await agent.StopAsync();
    }

    /// <summary>At the first start, with nothing known to be good: the others get theirs and all of the refused are named.</summary>
    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task ManyRefusedServicesAreAllNamedAndTheOthersServed(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        int[] refused = [3, 4, 27, 58, 90, 91, 120, 149];
        Shop.Write(lab.Manifests, 150);
        lab.Tools.Poison(string.Join('\n', refused.Select(Shop.Address)));

        RunningAgent agent = lab.Start(mode);

        await agent.WaitAsync(() => agent.Count("refuses the IPv4 rules of Service shop/s") == refused.Length, "all names in the log");
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(150), Shop.Endpoint(150, 0)), "the rules of the last one");
        for (int number = 1; number <= 150; number++)
        {
            int service = number;
            await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(service), Shop.Endpoint(service, 0)) == !refused.Contains(service), $"the right rules of Service {service}");
        }

        await agent.WaitAsync(() => agent.Health() == 200, "good health");
        await agent.StopAsync();
    }
}

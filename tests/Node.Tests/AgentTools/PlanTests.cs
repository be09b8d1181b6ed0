using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>A plan on the node itself: nothing after a sync, and what the next one will do before it.</summary>
[Trait("Category", "Netns")]
public sealed class PlanTests
{
    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task APlanTellsWhatTheAgentThenDoes(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.WaitForLogAsync("Synced IPv6 rules (full)");
        string present = lab.At("present.yaml");
        string next = lab.At("next.yaml");
        File.WriteAllText(present, Shop.Manifest(3));
        File.WriteAllText(next, Shop.Manifest(4).Replace(Shop.Endpoint(1, 0), Shop.Endpoint(1, 1), StringComparison.Ordinal));

        Plan(lab, mode, present).Should().Contain("no change on node node-a");
        string plan = Plan(lab, mode, next, exitCode: 2);

        plan.Should().Contain($"~ shop/s1:http  {Shop.Address(1)}:80/tcp\n    +1 endpoint {Shop.Endpoint(1, 1)}:8080\n    -1 endpoint {Shop.Endpoint(1, 0)}:8080\n")
            .And.Contain($"+ shop/s4:http  {Shop.Address(4)}:80/tcp\n    1 endpoint {Shop.Endpoint(4, 0)}:8080\n")
            .And.NotContain("shop/s2").And.NotContain("IPv6: ");
        File.Copy(next, Path.Combine(lab.Manifests, "shop.yaml"), overwrite: true);
        await agent.WaitAsync(() => lab.IsServed(mode, Shop.Address(4), Shop.Endpoint(4, 0)), "the planned rules");
        Plan(lab, mode, next).Should().Contain("no change on node node-a");
        await agent.StopAsync();
    }

    private static string Plan(AgentLab lab, string mode, string manifests, int exitCode = 0)
    {
        string proxyMode = mode == "nftables" ? "nftables" : "iptables";
        return lab.Network.Run(
            "env",
            [$"XTABLES_LOCKFILE={lab.LockFile}", "sh", "-c", "\"$@\"; test $? = " + exitCode, "sh", ProgramUnderTest.Path, "plan", "-f", manifests, "--node", "node-a", "--mode", proxyMode]);
    }
}

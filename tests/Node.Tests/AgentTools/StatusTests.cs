using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The command <c>status</c> against a running agent.</summary>
[Trait("Category", "Netns")]
public sealed class StatusTests
{
    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nft")]
    public async Task RootAndOthersSeeTheState(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 7);
        Ask(lab).ExitCode.Should().Be(3, "no agent runs");
        RunningAgent agent = lab.Start(mode);
        await agent.WaitAsync(() => agent.Health() == 200, "good health");

        (int exitCode, string output, _) = Ask(lab);
        ChildProcess.Result nobody = Ask(lab, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");

        exitCode.Should().Be(0);
        nobody.ExitCode.Should().Be(0);
        nobody.Output.Should().Contain("7 Services");
        output.Should().Contain("Health        healthy").And.Contain("7 Services, 7 ports, 7 frontends, 7 of 7 endpoints in use");
        output.Should().Contain(mode == "nft" ? "mode iptables" : "mode nftables");
        output.Split('\n').Length.Should().BeLessThan(25, "it is one screen");

        if (mode == "nft")
        {
            lab.Tools.Fail(true);
            Shop.Write(lab.Manifests, 8);
            await agent.WaitAsync(() => Ask(lab) is { ExitCode: 2 } state && state.Output.Contains("something went wrong inside", StringComparison.Ordinal), "the failure");
        }

        await agent.StopAsync();
    }

    private static ChildProcess.Result Ask(AgentLab lab, params string[] under) =>
        ChildProcess.Try("ip", "", ["netns", "exec", lab.Network.Name, .. under, ProgramUnderTest.Path, "status"]);
}

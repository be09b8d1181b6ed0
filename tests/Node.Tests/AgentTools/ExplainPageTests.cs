namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>A real agent answers where packets go, from its page of Services.</summary>
[Trait("Category", "Netns")]
public sealed class ExplainPageTests
{
    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nft")]
    public async Task AServiceIsOneClickAway(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 3);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitAsync(() => agent.Answer(agent.MetricsPort, "/").Contains("3 have rules", StringComparison.Ordinal), "the first rules");

        agent.Answer(agent.MetricsPort, "/?q=shop/s2").Should().Contain("<a href=\"/explain?to=svc%3Ashop%2Fs2%3A80%2Ftcp\">http 80/tcp</a>").And.NotContain("shop/s1");
        string page = agent.Answer(agent.MetricsPort, "/explain?to=svc%3Ashop%2Fs2%3A80%2Ftcp");
        page.Should().Contain($"sent to {Shop.Endpoint(2, 0)}:8080").And.Contain("on node node-a").And.Contain("<svg");
        Shop.Write(lab.Manifests, 3, generation: 1);
        await agent.WaitAsync(() => agent.Answer(agent.MetricsPort, "/explain?to=svc:shop/s2").Contains($"sent to {Shop.Endpoint(2, 1)}:8080", StringComparison.Ordinal), "the page to follow the rules");
    }
}

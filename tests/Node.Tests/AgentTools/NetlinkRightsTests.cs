using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>nftables mode with fewer rights than root has.</summary>
[Trait("Category", "Netns")]
public sealed class NetlinkRightsTests
{
    private const int Services = 50;

    /// <summary>nobody of Debian; on other systems it has no name.</summary>
    private const string Nobody = "65534";

    /// <summary>CAP_NET_ADMIN is all that rules need.</summary>
    [SkippableFact]
    public async Task ACommonUserWithOneCapabilityWritesRules()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, Services);
        Share(lab);
        RunningAgent agent = lab.Start(
            "netlink",
            ["setpriv", "--reuid=" + Nobody, "--regid=" + Nobody, "--clear-groups", "--inh-caps=-all,+net_admin", "--ambient-caps=-all,+net_admin", "--bounding-set=-all,+net_admin"],
            10256,
            10249);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        lab.IsServed("netlink", Shop.Address(Services), Shop.Endpoint(Services, 0)).Should().BeTrue();

        Shop.Write(lab.Manifests, Services, generation: 1);
        Share(lab);

        await agent.WaitAsync(() => lab.IsServed("netlink", Shop.Address(Services), Shop.Endpoint(Services, 1)), "the new rules");
        lab.Tools.Calls.Should().Be(0);
        await agent.StopAsync();
    }

    /// <summary>A user namespace, as of a rootless container: the capability counts in its own network namespace alone.</summary>
    [SkippableFact]
    public async Task TheRootOfAUserNamespaceWritesRules()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Skip.If(ChildProcess.Try("unshare", "", "--user", "--map-root-user", "--net", "true").ExitCode != 0, "user namespaces are not permitted");
        Shop.Write(lab.Manifests, Services);
        RunningAgent agent = lab.Start("netlink", ["unshare", "--user", "--map-root-user", "--net"], 10256, 10249);

        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        Listing(agent).Should().Contain(Shop.Endpoint(Services, 0));
        Shop.Write(lab.Manifests, Services, generation: 1);
        await agent.WaitAsync(() => Listing(agent).Contains(Shop.Endpoint(Services, 1), StringComparison.Ordinal), "the new rules");

        agent.Count("does not take rules as netlink messages").Should().Be(0);
        await agent.StopAsync();
    }

    [SkippableFact]
    public async Task WithoutTheCapabilityTheReasonIsSaidAndTheRulesStay()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 1);
        lab.Network.Run("nft", "add table ip kube-proxy; add chain ip kube-proxy mine");
        IReadOnlyList<string> before = lab.Network.Inside(() => NftTable.List("ip"));
        RunningAgent agent = lab.Start("netlink", ["setpriv", "--inh-caps=-all", "--bounding-set=-all"], 10256, 10249);

        (await agent.ExitAsync()).Should().Be(1);

        (await Eventually.IsTrueAsync(() => agent.Count("Operation not permitted (errno 1); the agent needs CAP_NET_ADMIN") == 1 && agent.Count("command failed") == 1, 20))
            .Should().BeTrue("the reason is logged, and that nft does not help");
        agent.Log.Single(static line => line.Contains("command failed", StringComparison.Ordinal)).Should().Contain("CAP_NET_ADMIN");
        lab.Network.Inside(() => NftTable.List("ip")).Should().Equal(before);
    }

    /// <summary>Lets a common user read what is in the lab's directory.</summary>
    private static void Share(AgentLab lab) => ChildProcess.Run("chmod", "", "-R", "a+rX", lab.At(""));

    private static string Listing(RunningAgent agent) =>
        ChildProcess.Run("nsenter", "", "--target", agent.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), "--user", "--net", "--preserve-credentials", "nft", "list", "ruleset");
}

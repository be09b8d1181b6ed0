using System.Diagnostics;
using System.Globalization;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>Rules that are known not to be in the kernel: the probes say so, and which family it is.</summary>
[Trait("Category", "Netns")]
public sealed class RulesNotWrittenTests
{
    private const int HealthCheckNodePort = 32123;

    [SkippableTheory]
    [Trait("Category", "Slow")]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task DriftThatCannotBeRepairedIsUnhealthyAfterTenSeconds(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        WriteBalanced(lab, "10.244.1.5");
        RunningAgent agent = lab.Start(mode);
        await agent.WaitAsync(() => agent.Health() == 200 && agent.Probe("/readyz").Status == 200, "good health");
        LocalEndpoints(agent).Should().Be(1);
        lab.Tools.Fail(true);

        long start = Stopwatch.GetTimestamp();
        if (mode == "nftables")
        {
            lab.Network.Run("/usr/sbin/nft", "delete", "table", "ip", "kube-proxy");
        }
        else
        {
            lab.Network.Run("env", $"XTABLES_LOCKFILE={lab.LockFile}", "/usr/sbin/iptables-nft", "-t", "nat", "-F");
        }

        await agent.WaitAsync(() => agent.Health() == 503, "ill health", seconds: 30);
        Stopwatch.GetElapsedTime(start).Should().BeGreaterThan(TimeSpan.FromSeconds(9)).And.BeLessThan(TimeSpan.FromSeconds(12));
        (int status, string text) = agent.Probe("/readyz");
        status.Should().Be(503);
        text.Should().Contain("[-]IPv4 failed: ").And.Contain("changed by another program at").And.Contain("[+]IPv6 ok: ").And.Contain("something went wrong inside");
        agent.Probe("/livez").Status.Should().Be(200, "a restart does not help");
        LocalEndpoints(agent).Should().Be(0);

        lab.Tools.Fail(false);
        await agent.WaitAsync(() => agent.Health() == 200, "good health again");
        LocalEndpoints(agent).Should().Be(1);
        await agent.StopAsync();
    }

    /// <summary>In nftables mode over netlink: a program that owns the table keeps others from it.</summary>
    [SkippableFact]
    [Trait("Category", "Slow")]
    public async Task ATableThatAnotherProgramOwnsIsUnhealthyAfterTenSeconds()
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        WriteBalanced(lab, "10.244.1.5");
        RunningAgent agent = lab.Start("netlink");
        await agent.WaitAsync(() => agent.Health() == 200, "good health");
        using Process owner = lab.Network.Start("/usr/sbin/nft", ["-i"], static start =>
        {
            start.RedirectStandardInput = true;
            start.RedirectStandardOutput = true;
            start.RedirectStandardError = true;
        });
        await owner.StandardInput.WriteLineAsync("delete table ip6 kube-proxy; add table ip6 kube-proxy { flags owner; }");
        await owner.StandardInput.FlushAsync();

        await agent.WaitAsync(() => agent.Health() == 503, "ill health", seconds: 30);
        agent.Probe("/healthz").Text.Should().Contain("[+]IPv4 ok: ").And.Contain("[-]IPv6 failed: ").And.Contain("changed by another program");

        owner.StandardInput.Close(); // its end deletes the table
        await agent.WaitAsync(() => agent.Health() == 200, "good health again");
        await agent.StopAsync();
    }

    /// <summary>At the first start: the agent is alive, and nothing of it is healthy.</summary>
    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task RulesThatWereNeverWrittenAreNotHealthy(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        WriteBalanced(lab, "10.244.1.5");
        lab.Tools.Fail(true);
        RunningAgent agent = lab.Start(mode);

        await agent.WaitForLogAsync("rules could not be written");
        agent.Health().Should().Be(503);
        agent.Probe("/readyz").Status.Should().Be(503);
        agent.Probe("/livez").Status.Should().Be(200);
        agent.Probe("/healthz").Text.Should().Contain("[-]IPv4 failed: rules not written since the start");
        await agent.WaitAsync(() => LocalEndpoints(agent) == 0, "the health-check node port");

        lab.Tools.Fail(false);
        await agent.WaitAsync(() => agent.Health() == 200, "good health");
        await agent.WaitAsync(() => LocalEndpoints(agent) == 1, "its endpoint");
        await agent.StopAsync();
    }

    [SkippableTheory]
    [InlineData("nftables")]
    [InlineData("nft")]
    public async Task ARefusedServiceHasNoLocalEndpoints(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        WriteBalanced(lab, "10.244.1.5");
        Shop.Write(lab.Manifests, 5);
        RunningAgent agent = lab.Start(mode);
        await agent.WaitAsync(() => agent.Health() == 200, "good health");
        await agent.WaitAsync(() => LocalEndpoints(agent) == 1, "its endpoint");
        lab.Tools.Poison("10.96.5.5");

        WriteBalanced(lab, "10.244.1.6");
        Shop.Write(lab.Manifests, 6); // so that the poisoned chain is written in iptables mode

        await agent.WaitAsync(() => agent.Count("refuses the IPv4 rules of Service shop/balanced") == 1, "its name in the log");
        await agent.WaitAsync(() => LocalEndpoints(agent) == 0, "no endpoints");
        await agent.WaitAsync(() => agent.Probe("/healthz") is { Status: 200 } probe && probe.Text.Contains("[+]Services ok except 1 without rules, which the kernel refuses: shop/balanced", StringComparison.Ordinal), "its name in the probe");
        LocalEndpoints(agent).Should().Be(0, "while the agent is healthy");

        lab.Tools.Poison(null);
        WriteBalanced(lab, "10.244.1.6", "10.244.1.7");
        await agent.WaitAsync(() => LocalEndpoints(agent) == 2, "its endpoints");
        await agent.StopAsync();
    }

    /// <summary>-1 without an answer.</summary>
    private static int LocalEndpoints(RunningAgent agent)
    {
        const string Field = "\"localEndpoints\": ";
        string answer = agent.Answer(HealthCheckNodePort, "/");
        int at = answer.IndexOf(Field, StringComparison.Ordinal);
        return at < 0 ? -1 : int.Parse(answer[(at + Field.Length)..].Split(',')[0], CultureInfo.InvariantCulture);
    }

    private static void WriteBalanced(AgentLab lab, params string[] local)
    {
        string endpoints = string.Join(',', local.Select(static address => $$"""{"addresses":["{{address}}"],"conditions":{"ready":true},"nodeName":"node-a"}"""));
        string path = Path.Combine(lab.Manifests, "balanced.yaml");
        File.WriteAllText(path + ".new", $$$$"""
            {"kind":"Service","apiVersion":"v1","metadata":{"name":"balanced","namespace":"shop"},"spec":{"type":"LoadBalancer","externalTrafficPolicy":"Local","healthCheckNodePort":{{{{HealthCheckNodePort}}}},"clusterIP":"10.96.5.5","clusterIPs":["10.96.5.5"],"ipFamilies":["IPv4"],"ports":[{"name":"http","protocol":"TCP","port":80,"nodePort":30080,"targetPort":8080}]},"status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.7"}]}}}
            ---
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"balanced-1","namespace":"shop","labels":{"kubernetes.io/service-name":"balanced"}},"addressType":"IPv4","ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":[{{{{endpoints}}}}]}

            """);
        File.Move(path + ".new", path, overwrite: true);
    }
}

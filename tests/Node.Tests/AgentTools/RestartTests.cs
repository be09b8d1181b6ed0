using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>The agent is replaced, by itself or in the place of kube-proxy: rules never vanish meanwhile, clients keep their endpoints.</summary>
[Trait("Category", "Netns")]
public sealed class RestartTests
{
    private const string Client = "192.0.2.77";

    [SkippableTheory]
    [InlineData("netlink", "TERM")]
    [InlineData("netlink", "KILL")]
    [InlineData("nftables", "TERM")]
    [InlineData("nftables", "KILL")]
    [InlineData("nft", "KILL")]
    [InlineData("legacy", "KILL")]
    public async Task RulesAreInForceAtAllTimesWhenTheAgentIsRestarted(string mode, string signal)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        Shop.Write(lab.Manifests, 20, affinity: "ClientIP");
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        if (mode is "nftables" or "netlink")
        {
            Remember(lab, "affinity-", 1);
        }

        using RuleWatch watch = RuleWatch.Start(() => IsInForce(lab, mode));
        for (int round = 0; round < 3; round++)
        {
            agent.Signal(signal);
            await agent.ExitAsync();
            Shop.Write(lab.Manifests, 20 + round, affinity: "ClientIP");
            agent = lab.Start(mode);
            await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        }

        await agent.WaitAsync(() => watch.Looks > 10, "the rules were looked at");
        watch.Stop();
        watch.Misses.Should().Be(0);
        lab.IsServed(mode, Shop.Address(22), Shop.Endpoint(22, 0)).Should().BeTrue();
        if (mode is "nftables" or "netlink")
        {
            Remembered(lab).Should().Be(1, "the client keeps its endpoint");
        }

        await agent.StopAsync();
    }

    /// <summary>From the recorded rules of kube-proxy in the same mode.</summary>
    [SkippableTheory]
    [InlineData("netlink")]
    [InlineData("nftables")]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task TheRulesOfKubeProxyAreTakenOver(string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        LoadRecorded(lab, mode, "affinity-default");
        if (mode is "nftables" or "netlink")
        {
            Remember(lab, "affinity-Y32EKRQ6-", 1);
        }

        CopyManifests(lab, "affinity-default");
        using RuleWatch watch = RuleWatch.Start(() => IsRecordedInForce(lab, mode));
        RunningAgent agent = lab.Start(mode);
        await agent.WaitForLogAsync("Synced IPv4 rules (full)");
        await agent.WaitForLogAsync("Synced IPv6 rules (full)");

        await agent.WaitAsync(() => watch.Looks > 3, "the rules were looked at");
        watch.Stop();
        watch.Misses.Should().Be(0);
        if (mode is "nftables" or "netlink")
        {
            Remembered(lab).Should().Be(1, "the client keeps its endpoint");
        }

        IReadOnlyList<string> taken = lab.Rules(mode);
        await agent.StopAsync();
        using AgentLab fresh = AgentLab.CreateOrSkip();
        CopyManifests(fresh, "affinity-default");
        RunningAgent other = fresh.Start(mode);
        await other.WaitForLogAsync("Synced IPv4 rules (full)");
        taken.Where(line => !line.Contains(Client, StringComparison.Ordinal)).Should().Equal(fresh.Rules(mode).Where(line => !line.Contains("KUBE-KUBELET", StringComparison.Ordinal)));
        await other.StopAsync();
    }

    /// <summary>The rules of the old mode go only when the new ones are complete.</summary>
    [SkippableTheory]
    [InlineData("nftables", "nft")]
    [InlineData("nft", "nftables")]
    [InlineData("legacy", "nftables")]
    [InlineData("nftables", "legacy")]
    public async Task AChangeOfModeLeavesNoMomentWithoutRules(string recorded, string mode)
    {
        using AgentLab lab = AgentLab.CreateOrSkip();
        LoadRecorded(lab, recorded, "affinity-default");
        CopyManifests(lab, "affinity-default");

        // The old first: when they are gone the new ones must be there.
        using RuleWatch watch = RuleWatch.Start(() => IsRecordedInForce(lab, recorded) || IsRecordedInForce(lab, mode));
        RunningAgent agent = lab.Start(mode);
        await agent.WaitAsync(() => !IsRecordedInForce(lab, recorded), "the old rules were gone");
        await agent.WaitForLogAsync(recorded == "nftables" ? "nftables table ip6 kube-proxy" : "chains of table");
        await agent.WaitAsync(() => watch.Looks > 3, "the rules were looked at");
        watch.Stop();

        watch.Misses.Should().Be(0);
        IsRecordedInForce(lab, mode).Should().BeTrue();
        await agent.StopAsync();
    }

    private static bool IsInForce(AgentLab lab, string mode)
    {
        IEnumerable<string> addresses = Enumerable.Range(1, 20).Select(Shop.Address);
        if (mode is "nftables" or "netlink")
        {
            return HasElements(lab, string.Join(", ", addresses.Select(address => address + " . tcp . 80")));
        }

        string saved = Saved(lab, mode);
        return saved.Contains("-A PREROUTING ", StringComparison.Ordinal) && addresses.All(address => saved.Contains($"-d {address}/32", StringComparison.Ordinal));
    }

    private static bool IsRecordedInForce(AgentLab lab, string mode)
    {
        if (mode is "nftables" or "netlink")
        {
            return HasElements(lab, "10.98.15.1 . tcp . 80, 10.98.15.2 . tcp . 80, 198.51.100.151 . tcp . 80, 203.0.113.151 . tcp . 80");
        }

        string saved = Saved(lab, mode);
        return ((string[])["-A PREROUTING ", "-d 10.98.15.1/32", "-d 10.98.15.2/32", "-d 198.51.100.151/32", "-d 203.0.113.151/32"]).All(part => saved.Contains(part, StringComparison.Ordinal));
    }

    private static bool HasElements(AgentLab lab, string elements) =>
        lab.Network.Inside(() => ConsistentRules.Read(() => ChildProcess.Try("nft", "", "get", "element", "ip", "kube-proxy", "service-ips", "{ " + elements + " }"))).ExitCode == 0;

    private static string Saved(AgentLab lab, string mode) => lab.Network.Inside(() => ConsistentRules.List(() => ChildProcess.Run($"iptables-{mode}-save", "", "-t", "nat")));

    private static void LoadRecorded(AgentLab lab, string mode, string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        switch (mode)
        {
            case "nftables" or "netlink":
                lab.Network.RunWith(File.ReadAllText(Path.Combine(directory, "nftables", "nft.txt")), "nft", "-f", "-");
                break;
            default:
                lab.Network.Run("nfacct", "add", "ct_state_invalid_dropped_pkts");
                lab.Network.Run("nfacct", "add", "localhost_nps_accepted_pkts");
                string folder = Path.Combine(directory, mode == "nft" ? "iptables" : "iptables-legacy");
                Restore("iptables");
                Restore("ip6tables");
                break;

                void Restore(string family) => lab.Network.RunWith(
                    File.ReadAllText(Path.Combine(folder, $"{family}-save.txt")), "env", $"XTABLES_LOCKFILE={lab.LockFile}", $"{family}-{mode}-restore");
        }
    }

    private static void CopyManifests(AgentLab lab, string name)
    {
        foreach (string file in Directory.GetFiles(Path.Combine(RecordedCases.CaseDirectory(name), "input")))
        {
            File.Copy(file, Path.Combine(lab.Manifests, Path.GetFileName(file)));
        }
    }

    /// <summary>Puts a client into an affinity set, as a connection would.</summary>
    private static void Remember(AgentLab lab, string set, int count)
    {
        foreach (string name in AffinitySets(lab).Where(name => name.StartsWith(set, StringComparison.Ordinal)).Take(count))
        {
            lab.Network.Run("nft", "add", "element", "ip", "kube-proxy", name, "{ " + Client + " timeout 1h }");
        }
    }

    /// <summary>How many sets know the client.</summary>
    private static int Remembered(AgentLab lab) =>
        AffinitySets(lab).Count(name => lab.Network.Run("nft", "list", "set", "ip", "kube-proxy", name).Contains(Client, StringComparison.Ordinal));

    private static string[] AffinitySets(AgentLab lab) =>
        [.. lab.Network.Run("nft", "-t", "list", "sets", "ip").Split('\n').Select(line => line.Trim().Split(' ')).Where(words => words[0] == "set" && words[1].StartsWith("affinity-", StringComparison.Ordinal)).Select(words => words[1])];
}

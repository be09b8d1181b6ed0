using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.AgentTools;

/// <summary>A network namespace with the real program, wrapped tools and a directory of manifests.</summary>
internal sealed class AgentLab : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kube-proxy-sharp-lab-");

    private AgentLab(LabNamespace network)
    {
        Network = network;
        Tools = new(_directory.FullName);
        Manifests = Directory.CreateDirectory(Path.Combine(_directory.FullName, "manifests")).FullName;
    }

    public LabNamespace Network { get; }

    public ToolWrapper Tools { get; }

    /// <summary>The directory that the agent watches.</summary>
    public string Manifests { get; set; }

    /// <summary>A lock of iptables of its own.</summary>
    public string LockFile => Path.Combine(_directory.FullName, "xtables.lock");

    /// <summary>Skips the test, with the reason, where namespaces or tools are missing; REQUIRE_NETNS=1 fails instead.</summary>
    public static AgentLab CreateOrSkip()
    {
        NetworkNamespace.RunOrSkip(static () => { }, "nft", "ip", "iptables-nft-restore", "iptables-legacy-restore");
        return new(LabNamespace.Create("tools"));
    }

    /// <summary>A path in the directory of this lab.</summary>
    public string At(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Starts the program. Periods are short.</summary>
    /// <param name="mode">nftables, or the variant of iptables: nft or legacy.</param>
    /// <param name="more">Further flags; a later one wins.</param>
    public RunningAgent Start(string mode, params string[] more) => Start(mode, [], 10256, 10249, more);

    /// <summary>Starts the program under another one, with ports of its own.</summary>
    public RunningAgent Start(string mode, string[] under, int healthPort, int metricsPort, params string[] more)
    {
        string[] command = [.. under, ProgramUnderTest.Path, "run", .. Flags(mode), $"--healthz-bind-address=127.0.0.1:{healthPort}", $"--metrics-bind-address=127.0.0.1:{metricsPort}", .. more];
        return new(Network, Network.Start(command[0], command[1..], start =>
        {
            start.RedirectStandardError = true;
            start.RedirectStandardOutput = true;
            start.Environment["PATH"] = Tools.Bin + ":/usr/sbin:/usr/bin:/sbin:/bin";
            start.Environment["XTABLES_LOCKFILE"] = LockFile;
        }))
        {
            HealthPort = healthPort,
            MetricsPort = metricsPort,
        };
    }

    /// <summary>The rules of a mode for IPv4, in a form that is equal exactly if the rules are; chains that are empty left out.</summary>
    public IReadOnlyList<string> Rules(string mode)
    {
        if (mode is "nftables" or "netlink")
        {
            return [.. Network.Inside(() => NftTable.List("ip")).Where(line => !line.StartsWith("chain ", StringComparison.Ordinal))];
        }

        string saved = Network.Inside(() => ConsistentRules.List(() => Network.Run("env", $"XTABLES_LOCKFILE={LockFile}", $"iptables-{mode}-save")));
        return [.. Appliers.TestNode.Canonical(saved)];
    }

    /// <summary>Whether the rules of a mode lead an address, in the end, to an endpoint.</summary>
    public bool IsServed(string mode, string address, string endpoint)
    {
        IReadOnlyList<string> rules = Rules(mode);
        return rules.Any(line => line.Contains(address, StringComparison.Ordinal)) && rules.Any(line => line.Contains(endpoint, StringComparison.Ordinal));
    }

    public void Dispose()
    {
        Network.Dispose();
        _directory.Delete(recursive: true);
    }

    private IEnumerable<string> Flags(string mode) =>
    [
        "--manifests=" + Manifests,
        "--hostname-override=node-a",
        .. mode switch
        {
            "netlink" => (string[])["--proxy-mode=nftables"],
            "nftables" => ["--proxy-mode=nftables", "--nftables-writer=nft"],
            _ => ["--proxy-mode=iptables", "--iptables-variant=" + mode],
        },
        "--iptables-sync-period=2s",
        "--iptables-min-sync-period=0s",
        "--conntrack-max-per-core=0",
        "--conntrack-tcp-timeout-established=0s",
        "--conntrack-tcp-timeout-close-wait=0s",
        "--oom-score-adj=0",
        "-v=4",
    ];
}

using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Drift;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>A network namespace for one test, with a lock of iptables of its own. Everything that touches rules goes through it.</summary>
internal sealed class TestNode : IDisposable
{
    private readonly ScratchNetns _network;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("kube-proxy-sharp-test-");

    private TestNode(ScratchNetns network)
    {
        _network = network;
        Dictionary<string, string> environment = new(StringComparer.Ordinal) { ["XTABLES_LOCKFILE"] = LockFile };
        Runner = new ProcessRunner(network, TimeProvider.System, environment);
    }

    public string LockFile => Path.Combine(_directory.FullName, "xtables.lock");

    public ProcessRunner Runner { get; }

    public SteppingTime Time { get; } = new();

    /// <summary>Skips the test, with the reason, where namespaces or tools are missing; REQUIRE_NETNS=1 fails instead.</summary>
    public static TestNode CreateOrSkip(params string[] tools)
    {
        NetworkNamespace.RunOrSkip(static () => { }, tools);
        return new(ScratchNetns.Create());
    }

    public IptablesApplier Iptables(IpFamily family, string variant) =>
        new(Tools(family, variant), Runner, NullLogger.Instance);

    /// <summary>An applier that writes by netlink messages, or with the program nft.</summary>
    public NftablesApplier Nftables(IpFamily family, bool usesProgram = false, NftablesOptions? options = null)
    {
        NftablesOptions chosen = options ?? NftablesOptions.Default;
        return new(family, usesProgram ? new NftProgramWriter(family, Runner, chosen) : Netlink(family, Connect(), chosen), Runner.Network, chosen, Time, NullLogger.Instance);
    }

    public NftNetlinkWriter Netlink(IpFamily family) => Netlink(family, Connect());

    /// <summary>A writer with a connection that belongs to it.</summary>
    public static NftNetlinkWriter Netlink(IpFamily family, IBatchConnection connection, NftablesOptions? options = null) =>
        new(family, () => connection, options ?? NftablesOptions.Default, TimeProvider.System, new OwnTransactions().PortOpened);

    /// <summary>A connection to the kernel.</summary>
    public BatchConnection Connect() => Runner.Network.Run(BatchConnection.Open);

    public static IptablesTools Tools(IpFamily family, string variant) =>
        new(family, variant == "legacy" ? IptablesVariant.Legacy : IptablesVariant.Nft);

    public string Run(string tool, string input, params string[] arguments) => _network.Run(() => ChildProcess.Run(tool, input, arguments));

    /// <summary>The rules of iptables in a form that is equal exactly if the rule sets are; those of the drift watch left out.</summary>
    public string[] Save(IpFamily family, string variant) => Canonical(_network.Run(() => ConsistentRules.List(() => ChildProcess.Run(Tools(family, variant).Save, ""))));

    public static string[] Canonical(string saved) =>
        [.. SaveDump.Parse(saved).CanonicalLines().Where(line => !IsOfUnusedTable(line))];

    public IReadOnlyList<string> NftTable(IpFamily family) => _network.Run(() => Testing.NftTable.List(NftNames.FamilyName(family)));

    public void Dispose()
    {
        _network.Dispose();
        _directory.Delete(recursive: true);
    }

    /// <summary>Mangle has only the canary; which other tables are listed depends on what was loaded.</summary>
    private static bool IsOfUnusedTable(string line) =>
        line is "*mangle" or "*raw" or "*security" || (line.StartsWith(':') && line.EndsWith(" ACCEPT", StringComparison.Ordinal));
}

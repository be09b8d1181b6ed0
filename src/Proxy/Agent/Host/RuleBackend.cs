using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Agent.Drift;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>The back end that writes rules on this host: the tools of the mode, for the families that work (spec 7.7, 6.1).</summary>
/// <param name="Families">The families that work.</param>
/// <param name="Appliers">The writer of rules of each family.</param>
/// <param name="Watches">The watch of each family for changes that other programs make; created before the first apply.</param>
internal sealed record RuleBackend(AddressFamilies Families, IReadOnlyList<IRuleApplier> Appliers, IReadOnlyList<(IpFamily Family, IDriftWatch Watch)> Watches) : IDisposable
{
    /// <summary>The interval of full comparisons of iptables rules, in sync periods: reading them back costs time. nftables rules need none, because the kernel reports every change.</summary>
    private const int PeriodsPerCheck = 10;

    /// <summary>Probes the tools and families of a mode.</summary>
    /// <param name="mode">The mode, one of <see cref="ProxyMode"/>.</param>
    /// <param name="variant">The variant of iptables to use, one of <see cref="IptablesVariants"/>.</param>
    /// <param name="nftablesWriter">How nftables rules are written, one of <see cref="NftablesWriters"/>.</param>
    /// <param name="hasServiceCounters">Whether the connections of Services are counted.</param>
    /// <param name="primary">The family of the node's primary address.</param>
    /// <param name="hasIPv6">Whether the kernel has IPv6.</param>
    /// <param name="syncPeriod">The sync period.</param>
    /// <param name="host">The host.</param>
    /// <param name="logs">The log.</param>
    /// <param name="cancellation">Cancels the probe.</param>
    /// <exception cref="ApplierException">The tools are missing, too old or not permitted.</exception>
    /// <exception cref="KernelSetupException">The primary family does not work.</exception>
    public static async Task<RuleBackend> FindAsync(
        string mode,
        string variant,
        string nftablesWriter,
        bool hasServiceCounters,
        IpFamily primary,
        bool hasIPv6,
        TimeSpan syncPeriod,
        AgentHost host,
        ILoggerFactory logs,
        CancellationToken cancellation)
    {
        OwnTransactions applies = new();
        ProcessRunner runner = host.Runner.Reporting(applies.ProcessStarted);
        if (mode == ProxyMode.Nftables)
        {
            NftablesOptions options = NftablesOptions.Default with { HasServiceCounters = hasServiceCounters };
            return await FindNftablesAsync(nftablesWriter, options, AddressFamilies.Detect(primary, static _ => true, static () => "", hasIPv6), applies, runner, host.Time, logs, cancellation);
        }

        IptablesVariant chosen = variant switch
        {
            IptablesVariants.Nft => IptablesVariant.Nft,
            IptablesVariants.Legacy => IptablesVariant.Legacy,
            _ => await IptablesProbe.ChooseAsync(runner, cancellation),
        };
        return await FindIptablesAsync(chosen, hasServiceCounters, primary, hasIPv6, applies, runner, PeriodsPerCheck * syncPeriod, host.Time, logs, cancellation);
    }

    private static async Task<RuleBackend> FindNftablesAsync(
        string writer,
        NftablesOptions options,
        AddressFamilies families,
        OwnTransactions applies,
        ProcessRunner runner,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellation)
    {
        ILogger log = logs.CreateLogger<NftablesApplier>();
        (INftablesWriter[] writers, options) =
            (writer == NftablesWriters.Netlink ? await OpenNetlinkAsync(families, options, applies, runner.Network, time, log, cancellation) : null)
            ?? await FindProgramAsync(families, options, runner, log, cancellation);
        NftablesApplier[] appliers = [.. families.All.Zip(writers, (family, each) => new NftablesApplier(family, each, runner.Network, options, time, log))];
        return new(
            families,
            [.. appliers.Select(applier => new WatchedApplier(applier, applies))],
            [.. appliers.Select(applier => (applier.Family, (IDriftWatch)new NftablesDriftWatch(new(applier.Family, RuleStore.KubeProxyTable), applies, applier.IsIntactAsync, Timeout.InfiniteTimeSpan, time, log)))])
        {
            Writers = writers,
            ConnectionCounters = [.. appliers.Select(static applier => applier.Counters).OfType<IConnectionCounters>()],
        };
    }

    /// <summary>
    /// The writer of each family, and the options that the kernel takes: without counters if it refuses only these. Null if the kernel does
    /// not take what rules need.
    /// </summary>
    private static async Task<(INftablesWriter[] Writers, NftablesOptions Options)?> OpenNetlinkAsync(
        AddressFamilies families, NftablesOptions options, OwnTransactions applies, INetworkNamespace network, TimeProvider time, ILogger log, CancellationToken cancellation)
    {
        List<NftNetlinkWriter> writers = [];
        foreach (IpFamily family in families.All)
        {
            NftNetlinkWriter writer = new(family, () => network.Run(BatchConnection.Open), options, time, applies.PortOpened);
            writers.Add(writer);
            string error = await NftablesProbe.TryNetlinkAsync(writer, family, cancellation);
            if (error.Length == 0)
            {
                continue;
            }

            writers.ForEach(static each => each.Dispose());
            if (!options.HasServiceCounters)
            {
                log.NetlinkUnusable(family, error);
                return null;
            }

            (INftablesWriter[], NftablesOptions)? without =
                await OpenNetlinkAsync(families, options with { HasServiceCounters = false }, applies, network, time, log, cancellation);
            if (without is not null)
            {
                log.CountersRefused(error);
            }

            return without;
        }

        log.WritesByNetlink();
        return ([.. writers], options);
    }

    /// <summary>The program nft as the writer of each family, and the options that it and the kernel take.</summary>
    private static async Task<(INftablesWriter[] Writers, NftablesOptions Options)> FindProgramAsync(
        AddressFamilies families, NftablesOptions wanted, ProcessRunner runner, ILogger log, CancellationToken cancellation)
    {
        NftablesOptions options = await NftablesProbe.AskAsync(runner, cancellation) with { HasServiceCounters = wanted.HasServiceCounters };
        if (wanted.HasServiceCounters && await NftablesProbe.TryCountersAsync(families.All, options, runner, cancellation) is { Length: > 0 } error)
        {
            log.CountersRefused(error);
            options = options with { HasServiceCounters = false };
        }

        return ([.. families.All.Select(family => new NftProgramWriter(family, runner, options))], options);
    }

    private static async Task<RuleBackend> FindIptablesAsync(
        IptablesVariant variant,
        bool hasServiceCounters,
        IpFamily primary,
        bool hasIPv6,
        OwnTransactions applies,
        ProcessRunner runner,
        TimeSpan checkPeriod,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken cancellation)
    {
        Dictionary<IpFamily, string> problems = [];
        foreach (IpFamily family in (IpFamily[])[IpFamily.IPv4, IpFamily.IPv6])
        {
            try
            {
                await IptablesProbe.CheckAsync(runner, new IptablesTools(family, variant), cancellation);
            }
            catch (ApplierException e)
            {
                problems[family] = e.Message;
            }
        }

        AddressFamilies families = AddressFamilies.Detect(primary, family => !problems.ContainsKey(family), () => string.Join("; ", problems.Values), hasIPv6);
        ILogger log = logs.CreateLogger<IptablesApplier>();
        List<IRuleApplier> appliers = [];
        List<(IpFamily, IDriftWatch)> watches = [];
        List<IConnectionCounters> allCounters = [];
        foreach (IpFamily family in families.All)
        {
            NfacctServiceCounters? counters = hasServiceCounters ? new(family, runner.Network, log) : null;
            IptablesApplier applier = new(new IptablesTools(family, variant), runner, log, counters);
            if (counters is not null)
            {
                allCounters.Add(counters);
            }

            appliers.Add(new WatchedApplier(applier, applies));
            PreemptibleCheck check = new(applier.LookAsync, applies, time);
            watches.Add((family, variant == IptablesVariant.Legacy
                ? new IptablesLegacyDriftWatch(family, applies, check.IsIntactAsync, checkPeriod, time, log)
                : new NftablesDriftWatch(new(family, RuleStore.IptablesChains), applies, check.IsIntactAsync, checkPeriod, time, log)));
        }

        return new(families, appliers, watches) { ConnectionCounters = allCounters };
    }

    /// <summary>The kernel's counters of connections, of each family; empty if connections are not counted.</summary>
    public IReadOnlyList<IConnectionCounters> ConnectionCounters { get; init; } = [];

    /// <summary>What writes nftables rules, to be closed at the end; empty for iptables.</summary>
    private IReadOnlyList<INftablesWriter> Writers { get; init; } = [];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (INftablesWriter writer in Writers)
        {
            (writer as IDisposable)?.Dispose();
        }

        foreach ((_, IDriftWatch watch) in Watches)
        {
            (watch as IDisposable)?.Dispose();
        }
    }
}

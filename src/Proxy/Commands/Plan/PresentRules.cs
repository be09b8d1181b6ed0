using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>
/// The rules for Services that a node has: its own, saved ones, or those that older manifests lead to. Rules of the other
/// mode count when there are none of the wanted one: the agent takes over from them.
/// </summary>
/// <param name="cluster">The cluster whose rules are wanted.</param>
/// <param name="older">The cluster as it was; null to read rules.</param>
/// <param name="options">What was asked for.</param>
/// <param name="runner">Runs the tools that list rules.</param>
/// <param name="streams">Where files may come from, and where notes go.</param>
internal sealed class PresentRules(ClusterView cluster, ClusterView? older, PlanOptions options, ProcessRunner runner, CommandStreams streams)
{
    private readonly Dictionary<string, SavedRules> _read = new(StringComparer.Ordinal);
    private SavedRules? _saved;

    /// <summary>Reads.</summary>
    /// <param name="family">The family.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The rules, and the mode that they are of.</returns>
    public async Task<(Ruleset Rules, string Mode)> ReadAsync(IpFamily family, CancellationToken stop)
    {
        if (older is not null)
        {
            return (RenderedRules.Of(older.Model[family], cluster.Mode), cluster.Mode);
        }

        Ruleset own = await ReadAsync(family, cluster.Mode, stop);
        if (HasRules(own))
        {
            return (own, cluster.Mode);
        }

        string otherMode = cluster.Mode == ProxyMode.Nftables ? ProxyMode.Iptables : ProxyMode.Nftables;
        Ruleset other = await ReadAsync(family, otherMode, stop);
        return HasRules(other) ? (other, otherMode) : (own, cluster.Mode);
    }

    /// <summary>Whether nftables rules count the connections of Services: then those of the next sync do so too.</summary>
    public static bool CountConnections(Ruleset rules) => rules.Tables.Any(static table => table.Name == NftNames.Table && table.Chains.ContainsKey(NftNames.DropChain));

    private static bool HasRules(Ruleset rules) => rules.Tables.SelectMany(table => table.Chains.Values).Any(chain => chain.Rules.Count != 0);

    private async Task<Ruleset> ReadAsync(IpFamily family, string mode, CancellationToken stop)
    {
        if (!_read.TryGetValue(mode, out SavedRules? all))
        {
            all = options.RuleFiles.Count != 0
                ? _saved ??= ReadFiles()
                : await RuleSource.ReadLiveAsync(runner, mode, IptablesVariants.Auto, options.Families, stop);
            _read.Add(mode, all);
        }

        if (all.Of(family) is not { } read)
        {
            return new(family);
        }

        if (mode == ProxyMode.Iptables)
        {
            all.RefuseOpaque(read, onlyKubeProxys: true);
        }

        return KubeRules.Of(read, mode);
    }

    private SavedRules ReadFiles()
    {
        SavedRules saved = new SavedRuleReader(options.Families, streams.OpenInput).Read(options.RuleFiles);
        saved.WriteNotes(streams.Errors);
        saved.WriteMissingFamilies(options.Families, cluster.Model, "they count as rules that the node does not have", streams.Errors);
        return saved;
    }
}

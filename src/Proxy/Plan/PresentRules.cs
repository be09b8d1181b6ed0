using KubeProxySharp.Proxy.CommandLine;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Inputs;
using KubeProxySharp.Proxy.Processes;
using KubeProxySharp.Proxy.Verify;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Walk;

namespace KubeProxySharp.Proxy.Plan;

/// <summary>
/// The rules for Services that a node has: its own, saved ones, or those that older manifests lead to. Rules of the other
/// mode count when there are none of the wanted one: the agent takes over from them.
/// </summary>
/// <param name="cluster">The cluster whose rules are wanted.</param>
/// <param name="older">The cluster as it was; null to read rules.</param>
/// <param name="options">What was asked for.</param>
/// <param name="runner">Runs the tools that list rules.</param>
internal sealed class PresentRules(ClusterView cluster, ClusterView? older, PlanOptions options, ProcessRunner runner)
{
    private IReadOnlyList<Ruleset>? _saved;

    /// <summary>Reads.</summary>
    /// <param name="family">The family.</param>
    /// <param name="wanted">What will take their place.</param>
    /// <param name="stop">Ends it.</param>
    /// <returns>The rules, and the mode that they are of.</returns>
    public async Task<(Ruleset Rules, string Mode)> ReadAsync(IpFamily family, Ruleset wanted, CancellationToken stop)
    {
        if (older is not null)
        {
            return (RenderedRules.Of(older.Model[family], cluster.Mode), cluster.Mode);
        }

        Ruleset own = await ReadAsync(family, cluster.Mode, wanted, stop);
        if (HasRules(own))
        {
            return (own, cluster.Mode);
        }

        string otherMode = cluster.Mode == ProxyMode.Nftables ? ProxyMode.Iptables : ProxyMode.Nftables;
        Ruleset other = await ReadAsync(family, otherMode, RenderedRules.Of(cluster.Model[family], otherMode), stop);
        return HasRules(other) ? (other, otherMode) : (own, cluster.Mode);
    }

    private static bool HasRules(Ruleset rules) => rules.Tables.SelectMany(table => table.Chains.Values).Any(chain => chain.Rules.Count != 0);

    private async Task<Ruleset> ReadAsync(IpFamily family, string mode, Ruleset expected, CancellationToken stop)
    {
        Ruleset? read;
        if (options.RulePaths.Count != 0)
        {
            _saved ??= RuleSource.ReadFiles(options.RulePaths, options.Families);
            read = _saved.FirstOrDefault(rules => rules.Family == family);
        }
        else
        {
            read = (await RuleSource.ReadLiveAsync(runner, mode, IptablesVariants.Auto, [family], stop))[0];
        }

        return read is null ? new(family) : Own(OwnRules.Of(read, expected, mode), expected, mode);
    }

    /// <summary>Leaves out chains that are not of kube-proxy's kind, such as those of a network plugin.</summary>
    private static Ruleset Own(Ruleset rules, Ruleset expected, string mode)
    {
        if (mode == ProxyMode.Nftables)
        {
            return rules;
        }

        Ruleset own = new(rules.Family);
        foreach (WalkTable table in rules.Tables)
        {
            WalkTable kept = new(table.Name);
            WalkTable? model = expected.Tables.Find(candidate => candidate.Name == table.Name);
            foreach (WalkChain chain in table.Chains.Values)
            {
                bool isOwn = model is not null
                    && (model.Chains.ContainsKey(chain.Name) || ChainName.TryParse(chain.Name, out _));
                if (isOwn)
                {
                    kept.Chains.Add(chain.Name, chain);
                }
            }

            own.Tables.Add(kept);
        }

        return own;
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Destinations whose packets meet no rule that only one side has. Most of a cluster's are such when a Service has changed: its
/// rules ask for its addresses.
/// </summary>
internal sealed class EqualDestinations
{
    private readonly IpFamily _family;
    private readonly NodeView _node;

    /// <summary>Whether there are steps that may lead to any chain, so that nothing can be said.</summary>
    private readonly bool _isOpen;
    private readonly List<(DirtyChain Chain, bool IsRewrittenBefore)> _entries = [];

    /// <summary>Prepares.</summary>
    /// <param name="a">The first rule set.</param>
    /// <param name="b">The second.</param>
    /// <param name="changes">The rules that only one of them has.</param>
    /// <param name="node">The node.</param>
    public EqualDestinations(Ruleset a, Ruleset b, ChangedRules changes, NodeView node)
    {
        _family = a.Family;
        _node = node;
        _isOpen = changes.All.Count != 0 && a.Tables.Concat(b.Tables).SelectMany(static table => table.Chains.Values).SelectMany(static chain => chain.Rules)
            .Any(static rule => !Array.TrueForAll(rule.Steps.AsSpan().ToArray(), NarrowedRules.IsKnown));
        Dictionary<(string Table, string Chain), DirtyChain> dirty = [];
        foreach (ChangedRule change in changes.All)
        {
            if (!dirty.TryGetValue((change.Table, change.Chain), out DirtyChain? chain))
            {
                dirty.Add((change.Table, change.Chain), chain = new());
            }

            chain.Add(change.Rule, null);
        }

        foreach (Ruleset rules in (ReadOnlySpan<Ruleset>)[a, b])
        {
            foreach (WalkTable table in rules.Tables)
            {
                AddCallers(table, dirty);
            }
        }

        HashSet<(string, string)> seen = [];
        foreach (WalkTable table in a.Tables.Concat(b.Tables))
        {
            foreach (WalkChain chain in table.Chains.Values)
            {
                if (chain.Hook is { } hook && dirty.TryGetValue((table.Name, chain.Name), out DirtyChain? own) && seen.Add((table.Name, chain.Name)))
                {
                    // Addresses are rewritten by the nat chains of PREROUTING and OUTPUT, once; before these they are as dialled.
                    bool isBefore = chain.IsNat ? hook is Hook.Prerouting or Hook.Output : hook == Hook.Output && chain.Priority < NatOfOutput;
                    _entries.Add((own, !isBefore));
                }
            }
        }

        HashSet<string> changed = [.. changes.All.SelectMany(static change => ListsOf(change.Rule))];
        Lists = [.. a.Tables.SelectMany(static table => table.Chains.Values).SelectMany(static chain => chain.Rules).SelectMany(ListsOf).Where(list => !changed.Contains(list)).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The priority of nat chains in OUTPUT (linux/netfilter_ipv4.h, NF_IP_PRI_NAT_DST).</summary>
    private const int NatOfOutput = -100;

    /// <summary>Lists of clients that only equal rules ask.</summary>
    public IReadOnlyList<string> Lists { get; }

    /// <summary>Whether packets to a destination meet equal rules on both sides.</summary>
    public bool Contains(IpAddress destination)
    {
        if (_isOpen)
        {
            return false;
        }

        ScopeTest asDialled = new(PacketScope.All with { Destination = destination }, _node, _family, Rewriting.None);
        ScopeTest rewritten = new(PacketScope.All, _node, _family, Rewriting.None);
        HashSet<DirtyChain> visited = [];
        foreach ((DirtyChain chain, bool isRewrittenBefore) in _entries)
        {
            if (Meets(chain, isRewrittenBefore ? null : destination, isRewrittenBefore ? rewritten : asDialled, visited))
            {
                return false;
            }

            visited.Clear();
        }

        return true;
    }

    private static IEnumerable<string> ListsOf(WalkRule? rule)
    {
        foreach (RuleStep step in rule is null ? [] : rule.Steps.AsSpan().ToArray())
        {
            if (step is RuleStep.KnownClientMatch match)
            {
                yield return match.List;
            }
        }
    }

    /// <summary>Marks chains that lead to marked ones, until there are no more.</summary>
    private static void AddCallers(WalkTable table, Dictionary<(string Table, string Chain), DirtyChain> dirty)
    {
        Dictionary<string, List<(WalkChain Chain, WalkRule Rule)>> callers = new(StringComparer.Ordinal);
        foreach (WalkChain chain in table.Chains.Values)
        {
            foreach (WalkRule rule in chain.Rules)
            {
                foreach (string target in TargetsOf(rule))
                {
                    if (!callers.TryGetValue(target, out List<(WalkChain, WalkRule)>? own))
                    {
                        callers.Add(target, own = []);
                    }

                    own.Add((chain, rule));
                }
            }
        }

        Queue<string> open = new(dirty.Keys.Where(key => key.Table == table.Name).Select(static key => key.Chain));
        HashSet<string> done = new(StringComparer.Ordinal);
        while (open.TryDequeue(out string? name))
        {
            if (!done.Add(name))
            {
                continue;
            }

            DirtyChain called = dirty[(table.Name, name)];
            foreach ((WalkChain chain, WalkRule rule) in callers.GetValueOrDefault(name, []))
            {
                if (!dirty.TryGetValue((table.Name, chain.Name), out DirtyChain? caller))
                {
                    dirty.Add((table.Name, chain.Name), caller = new());
                }

                caller.Add(rule, called);
                open.Enqueue(chain.Name);
            }
        }
    }

    private static List<string> TargetsOf(WalkRule rule)
    {
        List<string> targets = [];
        NestedSteps.ForEach(rule, step =>
        {
            if (step is RuleStep.Jump jump)
            {
                targets.Add(jump.Chain);
            }
            else if (step is RuleStep.VerdictLookup lookup)
            {
                targets.AddRange(lookup.Map.Steps.Values.OfType<RuleStep.Jump>().Select(static found => found.Chain));
            }
        });
        return targets;
    }

    private static bool Meets(DirtyChain chain, IpAddress? destination, ScopeTest test, HashSet<DirtyChain> visited)
    {
        if (!visited.Add(chain))
        {
            return false;
        }

        foreach ((WalkRule? rule, DirtyChain? next) in destination is { } known ? chain.For(known) : chain.All)
        {
            if (test.MayMatch(rule) && (next is null || Meets(next, destination, test, visited)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The rules of a chain that only one side has, or that lead to a chain with such rules.</summary>
    private sealed class DirtyChain
    {
        private readonly Dictionary<IpAddress, List<(WalkRule? Rule, DirtyChain? Next)>> _byDestination = [];
        private readonly List<(WalkRule? Rule, DirtyChain? Next)> _others = [];
        private readonly HashSet<(WalkRule?, DirtyChain?)> _known = [];

        public IEnumerable<(WalkRule? Rule, DirtyChain? Next)> All => _others.Concat(_byDestination.Values.SelectMany(static rules => rules));

        public void Add(WalkRule? rule, DirtyChain? next)
        {
            if (!_known.Add((rule, next)))
            {
                return;
            }

            if (rule?.Destination is not { } destination)
            {
                _others.Add((rule, next));
                return;
            }

            if (!_byDestination.TryGetValue(destination, out List<(WalkRule?, DirtyChain?)>? rules))
            {
                _byDestination.Add(destination, rules = []);
            }

            rules.Add((rule, next));
        }

        public IEnumerable<(WalkRule? Rule, DirtyChain? Next)> For(IpAddress destination) =>
            _byDestination.TryGetValue(destination, out List<(WalkRule? Rule, DirtyChain? Next)>? own) ? own.Concat(_others) : _others;
    }
}

using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Leaves out the rules that packets of a scope cannot meet, those that do nothing with them, and those after a rule that surely ends
/// the way of all of them. What is left does the same with these packets. Its rules ask first for what a packet has for sure, then
/// for protocols and ports, and last for sources: a walk splits packets at a match only if all before it are met, and firewalls
/// with many sources and ports would split them without end.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="family">The family.</param>
internal sealed class NarrowedRules(NodeView node, IpFamily family)
{
    /// <summary>Where more rules rewrite packets than this, it is not looked up to where.</summary>
    private const int MostRewriting = 1000;

    /// <summary>A list of clients that no rule asks for: what a changed rule has matched is remembered in it.</summary>
    private const string Marker = "\0changed";

    private readonly ConcurrentDictionary<WalkRule, WalkRule> _ordered = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<WalkRule, WalkRule> _marked = new(ReferenceEqualityComparer.Instance);

    /// <summary>Whether a step has an effect that is known here: it rewrites no packet, or says to what.</summary>
    public static bool IsKnown(RuleStep step) => step.IsMatch || step is RuleStep.Verdict or RuleStep.Reject or RuleStep.Jump or RuleStep.VerdictLookup or RuleStep.SetMark
        or RuleStep.Dnat or RuleStep.DnatLookup or RuleStep.Masquerade or RuleStep.RememberClient or RuleStep.NoEffect or RuleStep.TrackingTemplate or RuleStep.UnknownStatement or RuleStep.ChangeSet
        or RuleStep.SetConnectionMark or RuleStep.SaveMark or RuleStep.RestoreMark;

    /// <summary>The rules that rewrite destinations or ports, or may do so.</summary>
    public static List<WalkRule> Rewriting(Ruleset rules) =>
    [
        .. rules.Tables.SelectMany(static table => table.Chains.Values).SelectMany(static chain => chain.Rules)
            .Where(static rule => Array.Exists(rule.Steps.AsSpan().ToArray(), static step => step is RuleStep.Dnat or RuleStep.DnatLookup || !IsKnown(step))),
    ];

    /// <summary>Where rules may send packets of a scope.</summary>
    public Rewriting RewritingOf(PacketScope scope, IReadOnlyCollection<WalkRule> rewriting)
    {
        if (rewriting.Count == 0)
        {
            return Equivalence.Rewriting.None;
        }

        if (rewriting.Count > MostRewriting)
        {
            return new(null, null);
        }

        ScopeTest before = new(scope, node, family, Equivalence.Rewriting.None);
        HashSet<IpAddress> addresses = [];
        HashSet<ushort> ports = [];
        foreach (WalkRule rule in rewriting.Where(before.MayMatch))
        {
            foreach (RuleStep step in rule.Steps)
            {
                switch (step)
                {
                    case RuleStep.Dnat dnat:
                        addresses.UnionWith(dnat.Address is { } address ? [address] : []);
                        ports.UnionWith(dnat.Port is { } port ? [port] : []);
                        break;
                    case RuleStep.DnatLookup lookup:
                        addresses.UnionWith(lookup.Map.Targets.Values.Select(static target => target.Address));
                        ports.UnionWith(lookup.Map.Targets.Values.Select(static target => target.Port));
                        break;
                    case var _ when !IsKnown(step):
                        return new(null, null);
                }
            }
        }

        return new(addresses, ports);
    }

    /// <summary>Whether packets were matched by a rule that only one side has, or met a policy that differs.</summary>
    public static bool IsMarked(WalkState state)
    {
        for (WalkState.TextLink? link = state.Remembered; link is not null; link = link.Before)
        {
            if (link.Text == Marker)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Narrows rules to packets of a scope.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="scope">The scope.</param>
    /// <param name="test">Of the scope.</param>
    /// <param name="wanted">Rules, and base chains, that are looked for; null if it does not matter.</param>
    /// <param name="marks">Whether packets that these match are marked.</param>
    /// <param name="hasWanted">Receives whether one of them is left.</param>
    public Ruleset Of(Ruleset rules, PacketScope scope, ScopeTest test, WantedRules? wanted, bool marks, out bool hasWanted)
    {
        Ruleset narrowed = new(rules.Family);
        hasWanted = false;
        foreach (WalkTable table in rules.Tables)
        {
            TableNarrowing narrowing = new(this, table, test, wanted, marks);
            foreach (WalkChain chain in table.Chains.Values)
            {
                if (chain.Hook is { } hook && CanPass(hook, scope, test))
                {
                    narrowing.Add(chain);
                }
            }

            narrowed.Tables.Add(narrowing.Narrowed);
            hasWanted |= narrowing.HasWanted;
        }

        return narrowed;
    }

    /// <summary>The same as they are in narrowed rules.</summary>
    public WantedRules Marked(WantedRules wanted) => wanted with { Rules = new(wanted.Rules.Select(Marked), ReferenceEqualityComparer.Instance) };

    /// <summary>Whether packets of a scope may pass a hook (linux/netfilter.h).</summary>
    private bool CanPass(Hook hook, PacketScope scope, ScopeTest test)
    {
        bool isNetwork = scope.Origin?.Interface is not null;
        bool isNode = scope.Origin is { Interface: null };
        return hook switch
        {
            Hook.Output => !isNetwork,
            Hook.Prerouting => !isNode || test.MayGo(node.IsLocal),
            Hook.Input => test.MayGo(node.IsLocal),
            Hook.Forward => !isNode && test.MayGo(address => !node.IsLocal(address)),
            _ => isNode || test.MayGo(address => !node.IsLocal(address)),
        };
    }

    /// <summary>The same rule, with its first matches in the order in which they split packets least.</summary>
    private WalkRule Ordered(WalkRule rule) => _ordered.TryGetValue(rule, out WalkRule? known) ? known : AsOrdered(_ordered.GetOrAdd(rule, static original =>
    {
        RuleStep[] steps = [.. original.Steps.AsSpan().ToArray().Where(static step => step is not RuleStep.NoEffect)];
        int matches = Array.FindIndex(steps, static step => !step.IsMatch);
        matches = matches < 0 ? steps.Length : matches;
        return new(original.Text, EquatableArray.CopyOf([.. steps[..matches].OrderBy(Cost), .. steps[matches..]])) { Comment = original.Comment };
    }));

    /// <summary>Notes that a rule is in order: rules that were narrowed may be narrowed again, and wanted rules are known by reference.</summary>
    private WalkRule AsOrdered(WalkRule rule)
    {
        _ordered.TryAdd(rule, rule);
        return rule;
    }

    /// <summary>The same, with a statement before all others that marks packets.</summary>
    private WalkRule Marked(WalkRule rule) => _marked.TryGetValue(rule, out WalkRule? known) ? known : AsOrdered(_marked.GetOrAdd(rule, WithMarker(Ordered(rule))));

    private static WalkRule WithMarker(WalkRule rule)
    {
        RuleStep[] steps = rule.Steps.AsSpan().ToArray();
        int matches = Array.FindIndex(steps, static step => !step.IsMatch);
        matches = matches < 0 ? steps.Length : matches;
        return new(rule.Text, EquatableArray.CopyOf([.. steps[..matches], new RuleStep.RememberClient(Marker), .. steps[matches..]])) { Comment = rule.Comment };
    }

    private static int Cost(RuleStep match) => match switch
    {
        RuleStep.InterfaceMatch { IsInput: true } or RuleStep.AddressMatch { Field: PacketField.Destination } or RuleStep.LocalMatch { Field: PacketField.Destination } => 0,
        RuleStep.ProtocolMatch { Protocol: not null } => 1,
        RuleStep.StateMatch => 2,
        RuleStep.PortMatch => 3,
        RuleStep.AddressMatch or RuleStep.LocalMatch => 4,
        RuleStep.UnknownMatch or RuleStep.ProtocolMatch => 7,
        RuleStep.InterfaceMatch => 6,
        _ => 5,
    };

    /// <summary>The narrowing of one table: from its base chains along jumps.</summary>
    private sealed class TableNarrowing(NarrowedRules owner, WalkTable table, ScopeTest test, WantedRules? wanted, bool marks)
    {
        /// <summary>Chains that are being narrowed: one that calls itself again is not known to be empty.</summary>
        private readonly HashSet<string> _open = new(StringComparer.Ordinal);

        /// <summary>Chains that no packet of the scope returns from, and whose policy none meets.</summary>
        private readonly HashSet<string> _closed = new(StringComparer.Ordinal);
        private bool _hasAll;

        public WalkTable Narrowed { get; } = new(table.Name);

        public bool HasWanted { get; private set; }

        public WalkChain Add(WalkChain chain)
        {
            if (Narrowed.Chains.TryGetValue(chain.Name, out WalkChain? known))
            {
                return known;
            }

            WalkChain narrowed = new(chain.Name) { Hook = chain.Hook, Priority = chain.Priority, IsNat = chain.IsNat, Policy = chain.Policy };
            Narrowed.Chains.Add(chain.Name, narrowed);
            _open.Add(chain.Name);
            bool mayReturn = false;
            bool isEnded = false;
            foreach (WalkRule rule in chain.Rules)
            {
                if (test.MayMatch(rule) && HasEffect(rule))
                {
                    bool isWanted = wanted is not null && wanted.Rules.Contains(rule);
                    HasWanted |= isWanted;
                    narrowed.Rules.Add(isWanted && marks ? owner.Marked(rule) : owner.Ordered(rule));
                    isEnded = test.MustMatch(rule) && Ends(rule.Steps[^1]);
                    mayReturn |= MayReturn(rule);
                    if (isEnded)
                    {
                        break;
                    }
                }
            }

            bool meetsPolicy = mayReturn || !isEnded;
            if (meetsPolicy && chain.Hook is not null && wanted is not null && wanted.Policies.Contains((table.Name, chain.Name)))
            {
                HasWanted = true;
                if (marks)
                {
                    narrowed.Rules.Add(WithMarker(new(":" + chain.Name, [])));
                }
            }

            if (!meetsPolicy)
            {
                _closed.Add(chain.Name);
            }

            _open.Remove(chain.Name);
            if (marks)
            {
                SourceRuns.Join(narrowed.Rules);
            }

            return narrowed;
        }

        /// <summary>Whether a statement ends the way through this chain for all packets that come to it.</summary>
        private bool Ends(RuleStep step) => step is RuleStep.Verdict or RuleStep.Reject || (step is RuleStep.Jump jump && _closed.Contains(jump.Chain));

        /// <summary>Whether packets may leave a chain at a rule to where it was called from, or to its policy.</summary>
        private bool MayReturn(WalkRule rule)
        {
            foreach (RuleStep step in rule.Steps)
            {
                bool isPlain = step.IsMatch || step is RuleStep.Verdict { Kind: not WalkVerdict.Return } or RuleStep.Reject or RuleStep.NoEffect or RuleStep.SetMark
                    or RuleStep.RememberClient or RuleStep.SetConnectionMark or RuleStep.SaveMark or RuleStep.RestoreMark or RuleStep.ChangeSet
                    || (step is RuleStep.Jump jump && (!jump.IsGoto || _closed.Contains(jump.Chain)));
                if (!isPlain)
                {
                    return true;
                }
            }

            return false;
        }

        /// <summary>Whether a rule does something; chains that it leads to are added.</summary>
        private bool HasEffect(WalkRule rule)
        {
            bool hasEffect = false;
            foreach (RuleStep step in rule.Steps)
            {
                switch (step)
                {
                    case RuleStep.Jump jump when table.Chains.TryGetValue(jump.Chain, out WalkChain? chain):
                        // A jump to a chain without rules returns at once.
                        hasEffect |= Add(chain).Rules.Count != 0 || jump.IsGoto || _open.Contains(chain.Name);
                        break;
                    case RuleStep.VerdictLookup lookup:
                        hasEffect = true;
                        foreach (RuleStep.Jump jump in lookup.Map.Steps.Values.OfType<RuleStep.Jump>())
                        {
                            if (table.Chains.TryGetValue(jump.Chain, out WalkChain? found))
                            {
                                Add(found);
                            }
                        }

                        break;
                    case RuleStep.NoEffect:
                        break;
                    default:
                        hasEffect |= !step.IsMatch;
                        if (!IsKnown(step))
                        {
                            AddAll();
                        }

                        break;
                }
            }

            return hasEffect;
        }

        /// <summary>A step that is not known may lead to any chain.</summary>
        private void AddAll()
        {
            if (_hasAll)
            {
                return;
            }

            _hasAll = true;
            foreach (WalkChain chain in table.Chains.Values)
            {
                Add(chain);
            }
        }
    }
}

/// <summary>Rules and policies that are looked for.</summary>
/// <param name="Rules">The rules, by reference.</param>
/// <param name="Policies">The base chains whose policies are, by table and name.</param>
internal sealed record WantedRules(HashSet<WalkRule> Rules, HashSet<(string Table, string Chain)> Policies)
{
    /// <summary>Those of some changes.</summary>
    public static WantedRules Of(IEnumerable<ChangedRule> changes)
    {
        WantedRules wanted = new(new(ReferenceEqualityComparer.Instance), []);
        foreach (ChangedRule change in changes)
        {
            if (change.Rule is { } rule)
            {
                wanted.Rules.Add(rule);
            }
            else
            {
                wanted.Policies.Add((change.Table, change.Chain));
            }
        }

        return wanted;
    }
}

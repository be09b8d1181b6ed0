using System.Collections.Concurrent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>A chain, prepared for many walks: its rules by the destination that they ask for.</summary>
internal sealed class ChainPlan
{
    private readonly Dictionary<IpAddress, int[]>? _byDestination;
    private readonly Knowledge[] _knowledge;
    private readonly ConcurrentDictionary<int, RuleStep[]> _reordered = [];

    /// <summary>Prepares a chain.</summary>
    public ChainPlan(WalkTable table, WalkChain chain)
    {
        Table = table;
        Chain = chain;
        _knowledge = new Knowledge[chain.Rules.Count];
        Dictionary<IpAddress, List<int>> byDestination = [];
        List<int> others = [];
        for (int position = 0; position < chain.Rules.Count; position++)
        {
            if (chain.Rules[position].Destination is not { } destination)
            {
                others.Add(position);
                continue;
            }

            if (!byDestination.TryGetValue(destination, out List<int>? positions))
            {
                positions = [];
                byDestination.Add(destination, positions);
            }

            positions.Add(position);
        }

        Others = [.. others];
        if (byDestination.Count != 0)
        {
            _byDestination = new(byDestination.Count);
            foreach ((IpAddress destination, List<int> positions) in byDestination)
            {
                _byDestination.Add(destination, [.. positions]);
            }
        }
    }

    public WalkTable Table { get; }

    public WalkChain Chain { get; }

    /// <summary>The positions of rules that may match any destination, in order.</summary>
    public int[] Others { get; }

    /// <summary>The positions of rules for a destination alone, in order.</summary>
    public ReadOnlySpan<int> For(IpAddress destination) =>
        _byDestination is not null && _byDestination.TryGetValue(destination, out int[]? positions) ? positions : [];

    /// <summary>Whether the rule at a position has something that is not understood. Found out when first asked: rules of dumps are read late.</summary>
    public bool HasUnknown(int position)
    {
        Knowledge known = _knowledge[position];
        if (known == Knowledge.NotLookedAt)
        {
            // Two threads may both look; they find the same.
            known = Array.Exists(Chain.Rules[position].Steps.AsSpan().ToArray(), IsUnknown) ? Knowledge.Partial : Knowledge.Whole;
            _knowledge[position] = known;
        }

        return known == Knowledge.Partial;
    }

    /// <summary>
    /// The steps of the rule at a position; of its first matches, those that can always be decided come before those that may
    /// not: a rule that surely does not match is not a doubt.
    /// </summary>
    public ReadOnlySpan<RuleStep> Steps(int position)
    {
        EquatableArray<RuleStep> steps = Chain.Rules[position].Steps;
        if (!HasDoubt(steps.AsSpan()))
        {
            return steps.AsSpan();
        }

        if (_reordered.TryGetValue(position, out RuleStep[]? known))
        {
            return known;
        }

        RuleStep[] all = steps.AsSpan().ToArray();
        int matches = Array.FindIndex(all, static step => !step.IsMatch && step is not RuleStep.NoEffect);
        matches = matches < 0 ? all.Length : matches;
        return _reordered.GetOrAdd(position, [.. all[..matches].OrderBy(MayBeUndecided), .. all[matches..]]);
    }

    private static bool HasDoubt(ReadOnlySpan<RuleStep> steps)
    {
        foreach (RuleStep step in steps)
        {
            if (MayBeUndecided(step))
            {
                return true;
            }
        }

        return false;
    }

    private static bool MayBeUndecided(RuleStep step) => step switch
    {
        RuleStep.UnknownMatch or RuleStep.InterfaceMatch or RuleStep.AddressTypeMatch => true,
        RuleStep.PortMatch { Field: PacketField.SourcePort } or RuleStep.PortsMatch { Field: PacketField.SourcePort } => true,
        RuleStep.AnyOf any => Array.Exists(any.Alternatives.AsSpan().ToArray(), static matches => HasDoubt(matches.AsSpan())),
        _ => false,
    };

    private static bool IsUnknown(RuleStep step) =>
        step is RuleStep.UnknownStatement or RuleStep.AnyOf or RuleStep.SettledMatch { OnlyFirstPacket: true }
        || (step is not RuleStep.InterfaceMatch { IsInput: true } and not RuleStep.PortMatch and not RuleStep.PortsMatch && MayBeUndecided(step));

    /// <summary>How much of a rule is understood.</summary>
    private enum Knowledge : byte
    {
        NotLookedAt,
        Whole,
        Partial,
    }
}

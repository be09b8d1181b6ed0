using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Walk;

/// <summary>A chain, prepared for many walks: its rules by the destination that they ask for.</summary>
internal sealed class ChainPlan
{
    private readonly Dictionary<IpAddress, int[]>? _byDestination;
    private readonly Knowledge[] _knowledge;

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

    /// <summary>The table.</summary>
    public WalkTable Table { get; }

    /// <summary>The chain.</summary>
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

    private static bool IsUnknown(RuleStep step) =>
        step is RuleStep.UnknownMatch or RuleStep.UnknownStatement or RuleStep.InterfaceMatch { IsInput: false };

    /// <summary>How much of a rule is understood.</summary>
    private enum Knowledge : byte
    {
        NotLookedAt,
        Whole,
        Partial,
    }
}

using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Walk;

/// <summary>A chain, prepared for many walks: its rules by the destination that they ask for.</summary>
internal sealed class ChainPlan
{
    private readonly Dictionary<IpAddress, int[]>? _byDestination;

    /// <summary>Prepares a chain.</summary>
    public ChainPlan(WalkTable table, WalkChain chain)
    {
        Table = table;
        Chain = chain;
        HasUnknown = new bool[chain.Rules.Count];
        Dictionary<IpAddress, List<int>> byDestination = [];
        List<int> others = [];
        for (int position = 0; position < chain.Rules.Count; position++)
        {
            foreach (RuleStep step in chain.Rules[position].Steps)
            {
                HasUnknown[position] |= step is RuleStep.UnknownMatch or RuleStep.UnknownStatement or RuleStep.InterfaceMatch { IsInput: false };
            }

            if (SingleDestination(chain.Rules[position]) is not { } destination)
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

    /// <summary>Whether rules have something that is not understood, by their position.</summary>
    public bool[] HasUnknown { get; }

    /// <summary>The positions of rules that may match any destination, in order.</summary>
    public int[] Others { get; }

    /// <summary>The positions of rules for a destination alone, in order.</summary>
    public ReadOnlySpan<int> For(IpAddress destination) =>
        _byDestination is not null && _byDestination.TryGetValue(destination, out int[]? positions) ? positions : [];

    /// <summary>The one destination that a rule can match, if its text says so before anything that changes the packet.</summary>
    private static IpAddress? SingleDestination(WalkRule rule)
    {
        foreach (RuleStep step in rule.Steps)
        {
            if (!PacketWalker.IsMatch(step) && step is not RuleStep.NoEffect)
            {
                return null;
            }

            if (step is RuleStep.AddressMatch { Field: PacketField.Destination, IsNegated: false } match
                && match.Ranges.Length == 1
                && match.Ranges[0].IsSingle)
            {
                return IpAddress.FromBits(match.Ranges[0].First);
            }
        }

        return null;
    }
}

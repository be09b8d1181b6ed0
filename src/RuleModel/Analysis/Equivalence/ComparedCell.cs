using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Packets that both rule sets treat alike, as far as they are told apart by now: one of them stands for all.</summary>
internal readonly record struct ComparedCell
{
    public ProtocolSet Protocols { get; init; }

    public ConnectionKinds Kinds { get; init; }

    public ushort SourcePort { get; init; }

    public ushort DestinationPort { get; init; }

    public AddressRange Sources { get; init; }

    /// <summary>The source that stands for all of them.</summary>
    public UInt128 Source { get; init; }

    public string? OutputInterface { get; init; }

    /// <summary>Bits of the mark that are settled.</summary>
    public uint MarkSettled { get; init; }

    /// <summary>Their values.</summary>
    public uint Mark { get; init; }

    /// <summary>Conditions that are settled, the last first.</summary>
    public SettledCondition? Conditions { get; init; }

    /// <summary>How a condition is settled; null if it is not.</summary>
    public bool? Find(int condition)
    {
        for (SettledCondition? link = Conditions; link is not null; link = link.Before)
        {
            if (link.Condition == condition)
            {
                return link.IsTrue;
            }
        }

        return null;
    }

    /// <summary>A condition, by its number, that is settled, and those before.</summary>
    internal sealed record SettledCondition(int Condition, bool IsTrue, SettledCondition? Before);
}

using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Packets to one destination that two rule sets treat differently, shown by one of them.</summary>
public sealed record RulesetDifference
{
    /// <summary>A packet that is treated differently, as the first rule set knows it.</summary>
    public required WalkPacket PacketA { get; init; }

    /// <summary>The same packet as the second knows it: its lists of clients have other names.</summary>
    public required WalkPacket PacketB { get; init; }

    /// <summary>What the first does with it.</summary>
    public required IReadOnlyList<ResultShare> A { get; init; }

    /// <summary>What the second does with it.</summary>
    public required IReadOnlyList<ResultShare> B { get; init; }

    /// <summary>The endpoints that its client was sent to before.</summary>
    public IReadOnlyList<string> KnownEndpoints { get; init; } = [];

    /// <summary>Matches that are not understood, and whether the packet must be taken for one that they match.</summary>
    public IReadOnlyList<(string Match, bool IsTrue)> Assumptions { get; init; } = [];

    /// <summary>
    /// Whether it cannot be told: the rule sets have different matches or statements on the path that are not understood.
    /// </summary>
    public bool IsUncertain { get; init; }

    /// <summary>The documented difference of the modes that it is; null if it is none.</summary>
    public ModeDifference? Mode { get; init; }

    /// <summary>How many classes of packets to the destination are treated differently.</summary>
    public int Classes { get; init; } = 1;

    /// <summary>Whether more classes may differ that were not looked at: the rules split packets too often to look at all.</summary>
    public bool IsSample { get; init; }
}

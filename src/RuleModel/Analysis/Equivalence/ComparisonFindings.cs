namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>What a comparison of two rule sets found.</summary>
public sealed class ComparisonFindings
{
    /// <summary>Classes of destinations that were compared.</summary>
    public int Destinations { get; init; }

    /// <summary>The origins that were compared: the node, and an interface of each class.</summary>
    public required IReadOnlyList<TrafficOrigin> Origins { get; init; }

    /// <summary>The differences, ordered by destination; none if the rule sets are equal.</summary>
    public required IReadOnlyList<RulesetDifference> Differences { get; init; }
}

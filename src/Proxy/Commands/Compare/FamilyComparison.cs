using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>What was found for one family.</summary>
internal sealed record FamilyComparison
{
    /// <summary>The family.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Why it was not compared; empty if it was.</summary>
    public string NotCompared { get; init; } = "";

    /// <summary>Classes of destinations.</summary>
    public int Destinations { get; init; }

    /// <summary>Where packets came from.</summary>
    public IReadOnlyList<TrafficOrigin> Origins { get; init; } = [];

    /// <summary>What counts: differences that were not to be ignored.</summary>
    public IReadOnlyList<DisplayedDifference> Differences { get; init; } = [];

    /// <summary>How many were ignored, by the name of the documented difference.</summary>
    public IReadOnlyDictionary<string, int> Ignored { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);
}

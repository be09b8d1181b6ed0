using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>What <c>compare</c> found.</summary>
internal sealed class CompareReport
{
    /// <summary>The most differences that are kept with their walks; all are counted.</summary>
    public const int ListLimit = 1000;

    /// <summary>Where the first rules come from.</summary>
    public required string TitleA { get; init; }

    /// <summary>Where the second come from.</summary>
    public required string TitleB { get; init; }

    /// <summary>The addresses of the node that were assumed.</summary>
    public required IReadOnlyList<IpAddress> NodeAddresses { get; init; }

    /// <summary>Whether rules of others were compared too.</summary>
    public required bool ComparesAllRules { get; init; }

    /// <summary>What was found, by family.</summary>
    public required IReadOnlyList<FamilyComparison> Families { get; init; }

    /// <summary>Differences that are certain.</summary>
    public int Different => Families.Sum(family => family.Differences.Count(shown => !shown.Difference.IsUncertain));

    /// <summary>Differences that may be none.</summary>
    public int Uncertain => Families.Sum(family => family.Differences.Count(shown => shown.Difference.IsUncertain));

    /// <summary><c>equal</c>, <c>different</c>, or <c>unknown</c> if it was not decided.</summary>
    public string Verdict => Different != 0 ? "different" : Uncertain != 0 ? "unknown" : "equal";
}

/// <summary>What was found for one family.</summary>
internal sealed record FamilyComparison
{
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

/// <summary>A difference with the walks of its packet.</summary>
/// <param name="Difference">The difference.</param>
/// <param name="Service">The Service that the destination is of; empty if that is not known.</param>
/// <param name="PathsA">The paths of the packet through the first rules; empty beyond the first differences.</param>
/// <param name="PathsB">The same for the second.</param>
internal sealed record DisplayedDifference(RulesetDifference Difference, string Service, IReadOnlyList<WalkOutcome> PathsA, IReadOnlyList<WalkOutcome> PathsB);

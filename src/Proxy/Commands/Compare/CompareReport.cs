using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>What <c>compare</c> found.</summary>
internal sealed class CompareReport
{
    /// <summary>The most differences that are kept with their walks; all are counted.</summary>
    public const int ListLimit = 1000;

    /// <summary>The verdict on equal rules.</summary>
    public const string IsEqual = "equal";

    /// <summary>The verdict on different ones.</summary>
    public const string IsDifferent = "different";

    /// <summary>The verdict if it cannot be told.</summary>
    public const string IsUnknown = "unknown";

    /// <summary>Where the first rules come from.</summary>
    public required string TitleA { get; init; }

    /// <summary>Where the second come from.</summary>
    public required string TitleB { get; init; }

    /// <summary>The addresses of the node that were assumed.</summary>
    public required IReadOnlyList<IpAddress> NodeAddresses { get; init; }

    /// <summary>The families whose <see cref="NodeAddresses"/> nobody knows: an address of documentation stands for them.</summary>
    public IReadOnlyList<IpFamily> FamiliesOfUnknownAddress { get; init; } = [];

    /// <summary>Whether what was compared depends on addresses of the node that are not known.</summary>
    public bool AssumesNodeAddress => Families.Any(family => family.NotCompared.Length == 0 && !family.IsSameText && FamiliesOfUnknownAddress.Contains(family.Family));

    /// <summary>Whether rules of others were compared too.</summary>
    public required bool ComparesAllRules { get; init; }

    /// <summary>What was found, by family.</summary>
    public required IReadOnlyList<FamilyComparison> Families { get; init; }

    /// <summary>Differences that are certain.</summary>
    public int Different => Families.Sum(family => family.Differences.Count(shown => !shown.Difference.IsUncertain));

    /// <summary>Differences that may be none.</summary>
    public int Uncertain => Families.Sum(family => family.Differences.Count(shown => shown.Difference.IsUncertain));

    /// <summary>Destinations that were not compared, since the time was over.</summary>
    public int Undecided => Families.Sum(family => family.Undecided);

    /// <summary>The time that the comparison could take; null for any.</summary>
    public TimeSpan? Limit { get; init; }

    /// <summary><see cref="IsEqual"/>, <see cref="IsDifferent"/>, or <see cref="IsUnknown"/>.</summary>
    public string Verdict => Different != 0 ? IsDifferent : Uncertain + Undecided != 0 ? IsUnknown : IsEqual;
}

/// <summary>What was found for one family.</summary>
internal sealed record FamilyComparison
{
    public required IpFamily Family { get; init; }

    /// <summary>Why it was not compared; empty if it was.</summary>
    public string NotCompared { get; init; } = "";

    /// <summary>Whether both sides have the same text, so that nothing had to be compared.</summary>
    public bool IsSameText { get; init; }

    /// <summary>Classes of destinations.</summary>
    public int Destinations { get; init; }

    /// <summary>How many of them were not compared, since the time was over.</summary>
    public int Undecided { get; init; }

    /// <summary>Whether the time was over because a difference had been found.</summary>
    public bool IsEndedEarly { get; init; }

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

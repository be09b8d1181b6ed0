using KubeProxySharp.RuleModel.Addresses;

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

    /// <summary><c>equal</c>, <c>different</c>, or <c>unknown</c> if it cannot be told.</summary>
    public string Verdict => Different != 0 ? "different" : Uncertain != 0 ? "unknown" : "equal";
}

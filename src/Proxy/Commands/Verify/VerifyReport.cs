using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>What <c>verify</c> found.</summary>
internal sealed class VerifyReport
{
    /// <summary>The most stale flows and rule differences that are listed; all are counted.</summary>
    public const int ListLimit = 1000;

    public required string NodeName { get; init; }

    public required string Mode { get; init; }

    /// <summary>Flows of the table; null when flows were not looked at.</summary>
    public FlowFindings? Flows { get; set; }

    /// <summary>Differences of the rules; null when rules were not looked at.</summary>
    public RuleFindings? Rules { get; set; }

    /// <summary>Number of findings.</summary>
    public long Findings => (Flows?.Findings ?? 0) + (Rules?.Findings ?? 0);
}

/// <summary>The findings about rules.</summary>
internal sealed class RuleFindings
{
    /// <summary>Destinations that were compared.</summary>
    public long Compared { get; set; }

    /// <summary>Destinations that the rules should treat and do not.</summary>
    public long Missing { get; set; }

    /// <summary>Destinations that the rules treat otherwise than they should.</summary>
    public long Changed { get; set; }

    /// <summary>Destinations that the rules treat and no Service has.</summary>
    public long Foreign { get; set; }

    /// <summary>The differences, the first of them.</summary>
    public List<RuleDifference> Differences { get; } = [];

    public long Findings => Missing + Changed + Foreign;
}

/// <summary>A destination that rules do not treat as they should.</summary>
/// <param name="Kind"><c>missing</c>, <c>changed</c> or <c>foreign</c>.</param>
/// <param name="Frontend">The destination.</param>
/// <param name="Service">The service port that it belongs to; empty for none.</param>
/// <param name="Expected">What should happen where it differs first; empty for nothing.</param>
/// <param name="Actual">What happens there; empty for nothing.</param>
internal sealed record RuleDifference(string Kind, FrontendAddress Frontend, string Service, string Expected, string Actual);

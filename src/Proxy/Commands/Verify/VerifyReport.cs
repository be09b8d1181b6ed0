namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>What <c>verify</c> found.</summary>
internal sealed class VerifyReport
{
    /// <summary>The most stale flows and rule differences that are listed; all are counted.</summary>
    public const int ListLimit = 1000;

    /// <summary>The node.</summary>
    public required string NodeName { get; init; }

    /// <summary>The mode.</summary>
    public required string Mode { get; init; }

    /// <summary>Flows of the table; null when flows were not looked at.</summary>
    public FlowFindings? Flows { get; set; }

    /// <summary>Differences of the rules; null when rules were not looked at.</summary>
    public RuleFindings? Rules { get; set; }

    /// <summary>Number of findings: what should not be so.</summary>
    public long Findings => (Flows?.Findings ?? 0) + (Rules?.Findings ?? 0);
}

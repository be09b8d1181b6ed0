namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>What is to be said of rules.</summary>
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

    /// <summary>Number of findings.</summary>
    public long Findings => Missing + Changed + Foreign;
}

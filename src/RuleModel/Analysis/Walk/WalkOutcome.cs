using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>One path that a packet can take.</summary>
public sealed record WalkOutcome
{
    /// <summary>The sources that take this path.</summary>
    public required AddressRange Source { get; init; }

    /// <summary>The probability of the path for such a source, 0 to 1.</summary>
    public required double Probability { get; init; }

    /// <summary>What becomes of it: accepted, dropped or refused.</summary>
    public required WalkVerdict Verdict { get; init; }

    /// <summary>What the client gets when it is refused, such as <c>icmp-port-unreachable</c>.</summary>
    public string RejectWith { get; init; } = "";

    /// <summary>Where it was sent on to; null if its destination stayed.</summary>
    public EndpointAddress? Target { get; init; }

    /// <summary>Whether its source is rewritten to an address of the node.</summary>
    public bool IsMasqueraded { get; init; }

    /// <summary>The mark it ends with.</summary>
    public uint Mark { get; init; }

    /// <summary>For how long the client keeps its endpoint, in seconds; 0 without session affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Whether it went through something that is not understood, so that the outcome is only possible.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>The path: hooks, chains and the rules that matched.</summary>
    public required IReadOnlyList<WalkTraceEntry> Trace { get; init; }
}

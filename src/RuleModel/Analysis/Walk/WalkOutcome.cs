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

    /// <summary>The ports that the kernel picks one of, when <see cref="Target"/> stands for all of them; null for one port.</summary>
    public PortRange? TargetPorts { get; init; }

    /// <summary>Whether it was redirected to this node: <see cref="Target"/> has one of the node's addresses, or none that is known.</summary>
    public bool IsToThisNode { get; init; }

    /// <summary>Whether its source is rewritten.</summary>
    public bool IsMasqueraded { get; init; }

    /// <summary>What its source is rewritten to; null if it is not rewritten.</summary>
    public SourceTranslation? NewSource { get; init; }

    /// <summary>Whether it is exempt from connection tracking, so that no address is translated.</summary>
    public bool IsUntracked { get; init; }

    /// <summary>The mark it ends with.</summary>
    public uint Mark { get; init; }

    /// <summary>For how long the client keeps its endpoint, in seconds; 0 without session affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Whether something that is not known decides on it, so that the outcome is only possible.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>Whether it met a statement that may do anything, so that there may be other outcomes than those that are listed.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The path: hooks, chains and the rules that matched.</summary>
    public required IReadOnlyList<WalkTraceEntry> Trace { get; init; }
}

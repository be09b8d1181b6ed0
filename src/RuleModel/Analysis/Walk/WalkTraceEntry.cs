using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>A rule on the path of a packet.</summary>
/// <param name="Hook">The hook.</param>
/// <param name="Table">The table.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Position">The rule's number in the chain, from 1; 0 for what is no rule: the policy of a base chain, or IPVS.</param>
/// <param name="Rule">The rule as it was listed.</param>
/// <param name="Comment">Its comment; empty if it has none.</param>
/// <param name="Effect">What it did, in words.</param>
public sealed record WalkTraceEntry(Hook Hook, string Table, string Chain, int Position, string Rule, string Comment, string Effect)
{
    /// <summary>Whether the rule may have matched or not, or may have done anything.</summary>
    public bool IsDoubtful { get; init; }

    /// <summary>What decides a doubtful rule, such as <c>the rate of packets</c>; empty if the rule is not understood.</summary>
    public string DependsOn { get; init; } = "";

    /// <summary>The fact of the packet that was not given and would decide a doubtful rule.</summary>
    public MissingFact Missing { get; init; }

    /// <summary>Whether the rule may have done anything to the packet.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Whether it is the policy of a base chain.</summary>
    public bool IsPolicy { get; init; }

    /// <summary>Whether the rule picked the destination: one of several when it picks by chance.</summary>
    public bool IsRewrite { get; init; }

    /// <summary>The chain that the rule leads to; empty if it leads to none.</summary>
    public string JumpsTo { get; init; } = "";

    /// <summary>Whether the chain is one that a hook calls.</summary>
    public bool IsInBaseChain { get; init; }

    internal WalkRule? Source { get; init; }

    internal WalkState? Packet { get; init; }

    /// <summary>Why the rule matched: what it asked for and what the packet had; empty for a rule that takes every packet.</summary>
    public IReadOnlyList<string> Reasons => Source is null || Packet is null ? [] : MatchDescription.Describe(Source, Packet);
}

/// <summary>A fact about a packet that a walk was not given.</summary>
public enum MissingFact : byte
{
    /// <summary>None.</summary>
    None,

    /// <summary>The interface that it comes in by.</summary>
    InputInterface,

    /// <summary>The interface that it leaves by.</summary>
    OutputInterface,

    /// <summary>The source port.</summary>
    SourcePort,

    /// <summary>The contents of an ipset.</summary>
    IpSet,
}

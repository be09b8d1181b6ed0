using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>A rule on the path of a packet.</summary>
/// <param name="Hook">The hook.</param>
/// <param name="Table">The table.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Position">The rule's number in the chain, from 1; 0 for the policy of a base chain.</param>
/// <param name="Rule">The rule as it was listed.</param>
/// <param name="Comment">Its comment; empty if it has none.</param>
/// <param name="Effect">What it did, in words.</param>
public sealed record WalkTraceEntry(Hook Hook, string Table, string Chain, int Position, string Rule, string Comment, string Effect)
{
    /// <summary>Whether the rule has something that is not understood, so that it may have matched or not.</summary>
    public bool IsDoubtful { get; init; }

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

namespace KubeProxySharp.RuleModel.Walk;

/// <summary>A rule on the way of a packet.</summary>
/// <param name="Hook">The hook.</param>
/// <param name="Table">The table.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Position">The rule's number in the chain, from 1; 0 for the policy of a base chain.</param>
/// <param name="Rule">The rule as it was listed.</param>
/// <param name="Comment">Its comment; empty if it has none.</param>
/// <param name="Effect">What it did, in words.</param>
public sealed record WalkTraceEntry(Hook Hook, string Table, string Chain, int Position, string Rule, string Comment, string Effect);

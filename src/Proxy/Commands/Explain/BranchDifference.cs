using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What a branch does otherwise than the first: the rules of another kind.</summary>
/// <param name="Added">The rules that only the branch has, in order.</param>
/// <param name="Missing">The rules that only the first has, in chains of which the branch has no rule of its own; of those that lead to each other the last.</param>
internal sealed record BranchDifference(IReadOnlyList<PathStep> Added, IReadOnlyList<PathStep> Missing)
{
    /// <summary>Compares. Chains in which nothing matches are left out: they differ when rules of them do.</summary>
    /// <param name="first">The first branch.</param>
    /// <param name="branch">Another one.</param>
    /// <returns>Null if nothing can be left out, or nothing differs but the order.</returns>
    public static BranchDifference? Of(IReadOnlyList<PathStep> first, IReadOnlyList<PathStep> branch)
    {
        PathStep[] added = Only(branch, first);
        HashSet<(Hook Hook, string Table, string Chain)> chains = [.. added.Select(static step => (step.Entry.Hook, step.Entry.Table, step.Entry.Chain))];
        PathStep[] gone = Only(first, branch);
        PathStep[] missing = [.. gone.Where(step => !chains.Contains((step.Entry.Hook, step.Entry.Table, step.Entry.Chain)) && !Array.Exists(gone, next => IsLedTo(step, next)))];
        return added.Length == branch.Count || (added.Length == 0 && missing.Length == 0) ? null : new(added, missing);
    }

    /// <summary>Whether a rule leads to the chain of another, which says more.</summary>
    private static bool IsLedTo(PathStep step, PathStep next) => step.Entry.Hook == next.Entry.Hook && step.Entry.Table == next.Entry.Table && step.Entry.JumpsTo == next.Entry.Chain;

    private static PathStep[] Only(IReadOnlyList<PathStep> of, IReadOnlyList<PathStep> not)
    {
        HashSet<string> others = [.. not.Where(static step => !step.IsPassage).Select(static step => BranchKind.Of(step.Entry))];
        return [.. of.Where(step => !step.IsPassage && !others.Contains(BranchKind.Of(step.Entry)))];
    }
}

using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A step of the path as it is shown: a rule, or chains that were gone through without any rule matching.</summary>
/// <param name="Entry">The rule; the first of several that led to chains in which nothing matched.</param>
/// <param name="PassedThrough">Those chains; none for a rule that did something.</param>
/// <param name="Positions">The numbers of the rules.</param>
internal sealed record PathStep(WalkTraceEntry Entry, IReadOnlyList<string> PassedThrough, IReadOnlyList<int> Positions)
{
    /// <summary>Whether it is only chains in which nothing matched, called by a hook's chain: shown in one line.</summary>
    public bool IsPassage => PassedThrough.Count != 0 && Entry.IsInBaseChain;

    /// <summary>What the rule did.</summary>
    public string Effect => PassedThrough.Count == 0 || IsPassage ? Entry.Effect : $"{Entry.Effect}, where nothing matches";

    /// <summary>Joins rules that jump to chains and return from them.</summary>
    /// <param name="trace">The rules, or a part of them.</param>
    /// <param name="after">The rule that follows the part; null at the end.</param>
    public static IReadOnlyList<PathStep> Of(IReadOnlyList<WalkTraceEntry> trace, WalkTraceEntry? after = null)
    {
        List<PathStep> steps = [];
        for (int index = 0; index < trace.Count; index++)
        {
            WalkTraceEntry entry = trace[index];
            WalkTraceEntry? next = index + 1 < trace.Count ? trace[index + 1] : after;
            bool isPassage = entry.JumpsTo.Length != 0 && !entry.IsDoubtful && !(next is not null && next.Hook == entry.Hook && next.Table == entry.Table && next.Chain == entry.JumpsTo);
            if (!isPassage)
            {
                steps.Add(new(entry, [], [entry.Position]));
                continue;
            }

            PathStep? last = steps.Count == 0 ? null : steps[^1];
            bool continues = last is { IsPassage: true } && last.Entry.Hook == entry.Hook && last.Entry.Table == entry.Table && last.Entry.Chain == entry.Chain;
            if (continues)
            {
                steps[^1] = last! with { PassedThrough = [.. last.PassedThrough, entry.JumpsTo], Positions = [.. last.Positions, entry.Position] }; // it is a passage, so there is one
            }
            else
            {
                steps.Add(new(entry, [entry.JumpsTo], [entry.Position]));
            }
        }

        return steps;
    }
}

using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What the ways of a walk have in common at their beginning and at their end, so that it is shown once.</summary>
/// <param name="First">The rules that all ways begin with.</param>
/// <param name="Last">The rules that all ways end with.</param>
internal sealed record CommonPath(IReadOnlyList<WalkTraceEntry> First, IReadOnlyList<WalkTraceEntry> Last)
{
    /// <summary>Finds it.</summary>
    public static CommonPath Of(IReadOnlyList<ExplainedPath> ways)
    {
        if (ways.Count == 0)
        {
            return new([], []);
        }

        IReadOnlyList<WalkTraceEntry> model = ways[0].Trace;
        if (ways.Count == 1)
        {
            return new(model, []);
        }

        int shortest = ways.Min(way => way.Trace.Count);
        int first = 0;
        while (first < shortest && ways.All(way => IsSame(way.Trace[first], model[first])) && !model[first].IsRewrite)
        {
            first++;
        }

        int last = 0;
        while (last < shortest - first && ways.All(way => IsSame(way.Trace[^(last + 1)], model[^(last + 1)])) && !model[^(last + 1)].IsRewrite)
        {
            last++;
        }

        return new([.. model.Take(first)], [.. model.Skip(model.Count - last)]);
    }

    /// <summary>What is a way's own.</summary>
    public IReadOnlyList<WalkTraceEntry> Own(ExplainedPath way) => [.. way.Trace.Skip(First.Count).Take(way.Trace.Count - First.Count - Last.Count)];

    private static bool IsSame(WalkTraceEntry left, WalkTraceEntry right) =>
        left.Hook == right.Hook && left.Position == right.Position && left.Chain == right.Chain && left.Table == right.Table && left.Effect == right.Effect;
}

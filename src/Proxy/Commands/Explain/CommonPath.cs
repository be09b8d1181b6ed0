using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What the paths of a walk have in common at their beginning and at their end, so that it is shown once.</summary>
/// <param name="First">The rules that all paths begin with.</param>
/// <param name="Last">The rules that all paths end with.</param>
internal sealed record CommonPath(IReadOnlyList<WalkTraceEntry> First, IReadOnlyList<WalkTraceEntry> Last)
{
    public static CommonPath Of(IReadOnlyList<ExplainedPath> paths)
    {
        if (paths.Count == 0)
        {
            return new([], []);
        }

        IReadOnlyList<WalkTraceEntry> model = paths[0].Trace;
        if (paths.Count == 1)
        {
            return new(model, []);
        }

        int shortest = paths.Min(path => path.Trace.Count);
        int first = 0;
        while (first < shortest && paths.All(path => IsSame(path.Trace[first], model[first])) && !model[first].IsRewrite)
        {
            first++;
        }

        int last = 0;
        while (last < shortest - first && paths.All(path => IsSame(path.Trace[^(last + 1)], model[^(last + 1)])) && !model[^(last + 1)].IsRewrite)
        {
            last++;
        }

        return new([.. model.Take(first)], [.. model.Skip(model.Count - last)]);
    }

    /// <summary>What is a path's own.</summary>
    public IReadOnlyList<WalkTraceEntry> Own(ExplainedPath path) => [.. path.Trace.Skip(First.Count).Take(path.Trace.Count - First.Count - Last.Count)];

    private static bool IsSame(WalkTraceEntry left, WalkTraceEntry right) =>
        left.Hook == right.Hook && left.Position == right.Position && left.Chain == right.Chain && left.Table == right.Table && left.Effect == right.Effect;
}

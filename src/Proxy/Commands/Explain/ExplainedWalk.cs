using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What a set of rules does with the packet.</summary>
/// <param name="Title">What rules they are, such as <c>iptables</c>.</param>
/// <param name="Ways">The ways, the likeliest first.</param>
/// <param name="Reasons">Why.</param>
/// <param name="Disagreements">How the walk through the model differs; none if both agree or there is no model.</param>
/// <param name="HasModel">Whether there was a model to compare with.</param>
internal sealed record ExplainedWalk(
    string Title,
    IReadOnlyList<ExplainedPath> Ways,
    IReadOnlyList<ModelReason> Reasons,
    IReadOnlyList<string> Disagreements,
    bool HasModel)
{
    /// <summary>The answer in one sentence.</summary>
    public string Answer => AnswerDescription.Describe(this);

    /// <summary>Rules that may match, each once.</summary>
    public IReadOnlyList<WalkTraceEntry> Doubts =>
        [.. Ways.SelectMany(way => way.Trace).Where(entry => entry.IsDoubtful).DistinctBy(entry => (entry.Hook, entry.Table, entry.Chain, entry.Position))];
}

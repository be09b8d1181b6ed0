namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The answer to a question about a packet.</summary>
/// <param name="Question">The packet.</param>
/// <param name="NodeName">The node; empty when not known.</param>
/// <param name="Walks">What each set of rules does with it.</param>
internal sealed record Explanation(PacketQuestion Question, string NodeName, IReadOnlyList<ExplainedWalk> Walks)
{
    /// <summary>The packet in one line.</summary>
    public string Title => $"{Question.From} -> {Question.To}" + (NodeName.Length == 0 ? "" : $" on node {NodeName}");

    /// <summary>Whether a walk through rules and the walk through the model disagree.</summary>
    public bool HasDisagreement => Walks.Any(walk => walk.Disagreements.Count != 0);
}

using KubeProxySharp.Proxy.Commands.Explain.Journey;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

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

/// <summary>What a set of rules does with the packet.</summary>
/// <param name="Title">What rules they are, such as <c>iptables</c>.</param>
/// <param name="Paths">The paths, the likeliest first.</param>
/// <param name="Reasons">Why.</param>
/// <param name="Disagreements">How the walk through the model differs; none if both agree or there is no model.</param>
/// <param name="HasModel">Whether there was a model to compare with.</param>
internal sealed record ExplainedWalk(
    string Title,
    IReadOnlyList<ExplainedPath> Paths,
    IReadOnlyList<ModelReason> Reasons,
    IReadOnlyList<string> Disagreements,
    bool HasModel)
{
    /// <summary>The rules of all paths, also of those that end alike and are shown as one.</summary>
    public IReadOnlyList<WalkTraceEntry> Walked { get; init; } = [.. Paths.SelectMany(path => path.Trace)];

    /// <summary>The answer where something decides that is no rule and not in the input; null if the rules decide.</summary>
    public string? DecidedElsewhere { get; init; }

    public string Answer => (DecidedElsewhere ?? AnswerDescription.Describe(this)) + JourneyText.Headline(this);

    /// <summary>Whether an outcome is among those of the answer.</summary>
    public bool Has(ExplainFinding finding) => finding switch
    {
        ExplainFinding.Dropped => Paths.Any(static path => path.Verdict == WalkVerdict.Drop || path.Journey.Any(static step => step.Kind == JourneyStepKind.Stopped)),
        ExplainFinding.Refused => Paths.Any(static path => path.Verdict == WalkVerdict.Reject),
        _ => DecidedElsewhere is not null || Paths.Any(static path => path.IsUncertain || path.IsOpen),
    };

    /// <summary>Rules that may match or may do anything, each once; none if they make no difference.</summary>
    public IReadOnlyList<WalkTraceEntry> Doubts =>
        Paths.All(path => !path.IsUncertain && !path.IsOpen) ? [] : [.. Walked.Where(entry => entry.IsDoubtful).DistinctBy(entry => (entry.Hook, entry.Table, entry.Chain, entry.Position))];
}

/// <summary>One path that the packet can go, with what comes of it.</summary>
internal sealed record ExplainedPath
{
    /// <summary>How likely it is, 0 to 1; of a path that is only possible, how likely it would be.</summary>
    public required double Probability { get; init; }

    /// <summary>Accepted, dropped or refused.</summary>
    public required WalkVerdict Verdict { get; init; }

    /// <summary>What the client gets when it is refused.</summary>
    public string RejectWith { get; init; } = "";

    /// <summary>The endpoint; null when the destination stays.</summary>
    public EndpointAddress? Target { get; init; }

    /// <summary>The ports that the kernel picks one of, when <see cref="Target"/> stands for all of them; null for one port.</summary>
    public PortRange? TargetPorts { get; init; }

    /// <summary>Whether it is redirected to this node, whichever of its addresses that is.</summary>
    public bool IsToThisNode { get; init; }

    /// <summary>Where it is sent, in words.</summary>
    public string TargetText =>
        Target is not { } target ? ""
        : IsToThisNode ? $"this node, port {TargetPorts?.ToString() ?? $"{target.Port}"}"
        : TargetPorts is { } ports ? $"{target.Address}, one of the ports {ports}"
        : target.ToString();

    /// <summary>The Pod, Service or node of the endpoint; empty when not known.</summary>
    public string TargetDescription { get; init; } = "";

    /// <summary>The pod of the endpoint; empty when not known.</summary>
    public string TargetPod { get; init; } = "";

    /// <summary>The node of the endpoint; empty when not known.</summary>
    public string TargetNode { get; init; } = "";

    /// <summary>The zone of that node, its label <c>topology.kubernetes.io/zone</c>; empty when not known.</summary>
    public string TargetZone { get; init; } = "";

    /// <summary>Whether the source is rewritten.</summary>
    public bool IsMasqueraded { get; init; }

    /// <summary>Whether its source port may become another one, chosen by the kernel.</summary>
    public bool IsSourcePortPicked { get; init; }

    /// <summary>The address that it is rewritten to; null when it stays or is not known.</summary>
    public IpAddress? MasqueradeAddress { get; init; }

    /// <summary>How sure that address is; empty when it is certain or nothing is rewritten.</summary>
    public string MasqueradeDoubt { get; init; } = "";

    /// <summary>For how long the client keeps the endpoint, in seconds.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>Whether something that is not known decides whether it goes this way.</summary>
    public bool IsUncertain { get; init; }

    /// <summary>Whether it meets a rule that may do anything, so that it may end in another way than this.</summary>
    public bool IsOpen { get; init; }

    /// <summary>Whether it is exempt from connection tracking.</summary>
    public bool IsUntracked { get; init; }

    /// <summary>The rules on the path.</summary>
    public required IReadOnlyList<WalkTraceEntry> Trace { get; init; }

    /// <summary>The entry that conntrack makes, as <c>conntrack -L</c> prints it; empty if none stays.</summary>
    public string Conntrack { get; init; } = "";

    /// <summary>The path of the reply, step by step.</summary>
    public IReadOnlyList<string> Reply { get; init; } = [];

    /// <summary>Its way over the nodes; none if the routes of the node are not known.</summary>
    public IReadOnlyList<JourneyStep> Journey { get; init; } = [];

    /// <summary>Whether an endpoint gets the packet.</summary>
    public bool IsForwarded => Verdict == WalkVerdict.Accept && Target is not null;
}

/// <summary>An outcome that <c>--fail-on</c> reports by the exit code.</summary>
internal enum ExplainFinding
{
    /// <summary>It is not decided what becomes of the packet.</summary>
    Unknown,

    /// <summary>The packet is dropped, or may be.</summary>
    Dropped,

    /// <summary>The packet is refused, or may be.</summary>
    Refused,
}

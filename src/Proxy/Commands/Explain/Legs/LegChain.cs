using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Explain.Legs;

/// <summary>
/// Several connections, one after the other (<c>--then</c>): a client to an ingress controller, and from the pods of that to a
/// Service behind it. Each is a leg.
/// </summary>
/// <param name="First">The first leg.</param>
/// <param name="Next">The later legs in order: one for each group of pods that start alike.</param>
/// <param name="Destinations">The destinations as given: that of <c>--to</c>, then those of <c>--then</c>.</param>
/// <param name="Ends">Where it ends, in the order of the legs, the likeliest first.</param>
internal sealed record LegChain(Explanation First, IReadOnlyList<Leg> Next, IReadOnlyList<string> Destinations, IReadOnlyList<LegEnd> Ends)
{
    /// <summary>The answers of all legs.</summary>
    public IEnumerable<Explanation> All => Next.Select(static leg => leg.Answer).Prepend(First);

    /// <summary>Whether every leg is certain, and known to its end: else no share of the whole is.</summary>
    public bool IsCertain => !Has(ExplainFinding.Unknown);

    /// <summary>Whether the rules of a leg may do anything, so that it may end in another way than those that are listed.</summary>
    public bool IsOpen => All.Any(static answer => answer.Walks.Any(static walk => walk.DecidedElsewhere is not null || walk.Paths.Any(static path => path.IsOpen)));

    /// <summary>Whether an outcome is among those of any leg.</summary>
    public bool Has(ExplainFinding finding) =>
        All.Any(answer => answer.Walks.Any(walk => walk.Has(finding)))
        || (finding == ExplainFinding.Unknown && Ends.Any(static end => end.Outcome == LegOutcome.Unknown));
}

/// <summary>A later leg, from pods of one node that all take the same way.</summary>
/// <param name="Number">The number of the leg; the first is 1, so that this is 2 or more.</param>
/// <param name="Node">The node of the pods.</param>
/// <param name="Starts">The pods that it starts from: their names, or addresses where names are not known. The first stands for all.</param>
/// <param name="Sources">The addresses of these pods, in the same order.</param>
/// <param name="Share">The share of the client's connections that come to these pods, 0 to 1; null if it is not certain.</param>
/// <param name="Answer">What becomes of the packet of the first of them.</param>
internal sealed record Leg(int Number, string Node, IReadOnlyList<string> Starts, IReadOnlyList<IpAddress> Sources, double? Share, Explanation Answer);

/// <summary>An end of the whole.</summary>
/// <param name="Leg">The number of the leg in which it ends.</param>
/// <param name="Outcome">What becomes of the packet of this leg.</param>
/// <param name="Text">Where: the endpoint, or what is not known; for a packet that ends before, the node.</param>
/// <param name="Share">The share of the client's connections, 0 to 1; null if it is not certain.</param>
internal sealed record LegEnd(int Leg, LegOutcome Outcome, string Text, double? Share);

/// <summary>How a leg ends.</summary>
internal enum LegOutcome : byte
{
    /// <summary>An endpoint of the last Service gets it.</summary>
    Delivered,

    Dropped,

    Refused,

    /// <summary>The rules send it to no endpoint: its destination stays.</summary>
    LeftAlone,

    /// <summary>It is not known how it goes on.</summary>
    Unknown,
}

/// <summary>What the outcomes are called.</summary>
internal static class LegOutcomes
{
    /// <summary>How a path ends that does not go on; <see cref="LegOutcome.Delivered"/> for one that reaches an endpoint.</summary>
    public static LegOutcome Of(ExplainedPath path) => path.Verdict switch
    {
        WalkVerdict.Drop => LegOutcome.Dropped,
        WalkVerdict.Reject => LegOutcome.Refused,
        _ when path.Journey.Any(static step => step.Kind == Journey.JourneyStepKind.Stopped) => LegOutcome.Dropped,
        _ when !path.IsForwarded || path.IsToThisNode => LegOutcome.LeftAlone,
        _ => LegOutcome.Delivered,
    };
}

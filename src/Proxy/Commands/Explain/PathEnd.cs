using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What becomes of a packet, as far as sender and receiver notice it: paths that end alike are one.</summary>
internal readonly record struct PathEnd
{
    private WalkVerdict Verdict { get; init; }

    private string Refusal { get; init; }

    private EndpointAddress? Target { get; init; }

    private PortRange? Ports { get; init; }

    private bool IsToThisNode { get; init; }

    private bool IsMasqueraded { get; init; }

    private SourceTranslation? NewSource { get; init; }

    private int AffinitySeconds { get; init; }

    public static PathEnd Of(WalkOutcome outcome) => outcome.Verdict switch
    {
        WalkVerdict.Drop => new() { Verdict = WalkVerdict.Drop, Refusal = "" },
        WalkVerdict.Reject => new() { Verdict = WalkVerdict.Reject, Refusal = Explain.Refusal.Of(outcome.RejectWith, IpFamily.IPv4).Name },
        _ => new()
        {
            Verdict = WalkVerdict.Accept,
            Refusal = "",

            // Whichever of its addresses the node is reached by.
            Target = outcome is { IsToThisNode: true, Target: { } target } ? new EndpointAddress(default, target.Port) : outcome.Target,
            Ports = outcome.TargetPorts,
            IsToThisNode = outcome.IsToThisNode,
            IsMasqueraded = outcome.IsMasqueraded,
            NewSource = outcome.NewSource,
            AffinitySeconds = outcome.AffinitySeconds,
        },
    };
}

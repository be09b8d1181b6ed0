using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>One path that a packet can take, as it follows from the rule model and not from the text of rules.</summary>
public sealed record ModelOutcome
{
    /// <summary>The probability of the path, 0 to 1.</summary>
    public required double Probability { get; init; }

    /// <summary>What becomes of it: accepted, dropped or refused.</summary>
    public required WalkVerdict Verdict { get; init; }

    /// <summary>Where it was sent on to; null if its destination stayed.</summary>
    public EndpointAddress? Target { get; init; }

    /// <summary>Whether its source is rewritten to an address of the node.</summary>
    public bool IsMasqueraded { get; init; }

    /// <summary>For how long the client keeps its endpoint, in seconds; 0 without session affinity.</summary>
    public int AffinitySeconds { get; init; }

    /// <summary>The service port that decided; null if none did.</summary>
    public ServicePortName? Service { get; init; }

    /// <summary>The frontend that was dialled; null if none was.</summary>
    public Frontend? Frontend { get; init; }

    /// <summary>Whether the endpoint is on this node; false without one.</summary>
    public bool IsLocalEndpoint { get; init; }

    /// <summary>The reasons, in the order of the path.</summary>
    public EquatableArray<ModelReason> Reasons { get; init; }
}

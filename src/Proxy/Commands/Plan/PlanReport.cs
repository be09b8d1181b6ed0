using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>What a sync would change.</summary>
internal sealed class PlanReport
{
    /// <summary>The node; empty when unnamed.</summary>
    public required string NodeName { get; init; }

    /// <summary>The mode of the rules that are wanted.</summary>
    public required string Mode { get; init; }

    /// <summary>The mode of the rules that are there, if it is the other one; else empty.</summary>
    public string TakenOverMode { get; set; } = "";

    /// <summary>Destinations that the rules tell apart, before or after.</summary>
    public int Compared { get; set; }

    /// <summary>Destinations that lead to endpoints before.</summary>
    public int LeadToEndpoints { get; set; }

    /// <summary>Those of them that do not lead to any afterwards.</summary>
    public int LoseEndpoints { get; set; }

    /// <summary>What changes, ordered by Service.</summary>
    public List<ServiceChange> Changes { get; } = [];

    /// <summary>What is touched, by family.</summary>
    public SortedDictionary<IpFamily, RuleReferences> Touches { get; } = [];

    /// <summary>What becomes of live flows; null when they were not looked at.</summary>
    public FlowFindings? Flows { get; set; }

    /// <summary>Why the plan is refused; empty if it is not.</summary>
    public string Refusal { get; set; } = "";

    /// <summary>Whether a sync would change anything in the kernel.</summary>
    public bool HasChanges => Changes.Count != 0 || Touches.Values.Any(touched => touched.IsAny);

    /// <summary>How many percent of the destinations that lead to endpoints stop to do so.</summary>
    public double RemovedPercent => LeadToEndpoints == 0 ? 0 : 100.0 * LoseEndpoints / LeadToEndpoints;
}

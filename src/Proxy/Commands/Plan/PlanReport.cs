using System.Text.Json.Serialization;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;

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

    /// <summary>Destinations that the rules distinguish, before or after.</summary>
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

/// <summary>How many rules, chains and elements of maps and sets a sync adds to and removes from the kernel.</summary>
/// <param name="RulesAdded">Rules added.</param>
/// <param name="RulesRemoved">Rules removed.</param>
/// <param name="ChainsAdded">Chains added.</param>
/// <param name="ChainsRemoved">Chains removed.</param>
/// <param name="ElementsAdded">Elements added.</param>
/// <param name="ElementsRemoved">Elements removed.</param>
internal readonly record struct RuleReferences(int RulesAdded, int RulesRemoved, int ChainsAdded, int ChainsRemoved, int ElementsAdded, int ElementsRemoved)
{
    /// <summary>Whether anything is touched.</summary>
    [JsonIgnore]
    public bool IsAny => this != default;

    /// <summary>The sum of both.</summary>
    public RuleReferences With(RuleReferences other) => new(
        RulesAdded + other.RulesAdded,
        RulesRemoved + other.RulesRemoved,
        ChainsAdded + other.ChainsAdded,
        ChainsRemoved + other.ChainsRemoved,
        ElementsAdded + other.ElementsAdded,
        ElementsRemoved + other.ElementsRemoved);
}

/// <summary>What a sync does to destinations of a service port that change alike.</summary>
/// <param name="Service">The service port; empty when neither the cluster nor the rules name it.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Frontends">The destinations.</param>
/// <param name="Descriptions">What changes, one sentence each.</param>
internal sealed record ServiceChange(string Service, ServiceChangeKind Kind, IReadOnlyList<FrontendAddress> Frontends, IReadOnlyList<string> Descriptions);

/// <summary>What a sync does to a service port.</summary>
internal enum ServiceChangeKind
{
    /// <summary>The node does not serve it yet.</summary>
    Added,

    /// <summary>It is served differently.</summary>
    Changed,

    /// <summary>It is not served any more.</summary>
    Removed,
}

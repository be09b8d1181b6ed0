using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>What <c>plan</c> was asked for.</summary>
internal sealed record PlanOptions : ClusterOptions
{
    /// <summary>The families to look at.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Older manifests, whose rules stand for those of the node; or empty.</summary>
    public IReadOnlyList<string> FromPaths { get; init; } = [];

    /// <summary>Saved rules of the node, instead of its own; or empty.</summary>
    public IReadOnlyList<string> RulePaths { get; init; } = [];

    /// <summary>Saved flows: of <c>conntrack -L</c>; null for those of this node, if it is the one looked at.</summary>
    public string? ConntrackPath { get; init; }

    /// <summary>How many percent of the destinations that lead to endpoints may stop to do so, 0 to 100; null for any number.</summary>
    public double? MostRemovedPercent { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>Whether this node itself is looked at, rather than what was saved of one.</summary>
    public bool IsLive => RulePaths.Count == 0 && FromPaths.Count == 0;
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>What holds for all health check node ports of a family (spec 9.2).</summary>
internal sealed record ServiceHealthOptions
{
    /// <summary>The family; its listeners take no connections of the other.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Whether the rules follow the cluster, regardless of the node's eligibility.</summary>
    public required Func<bool> IsProxyHealthy { get; init; }

    /// <summary>Name of this node.</summary>
    public required string NodeName { get; init; }

    /// <summary>Called for a Service whose port could not be opened, once until it could, with the note of the Event <c>FailedToStartServiceHealthcheck</c>.</summary>
    public Action<NamespacedName, string> Failed { get; init; } = static (_, _) => { };
}

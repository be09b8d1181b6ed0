using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>
/// A <c>discovery.k8s.io/v1</c> EndpointSlice with the fields that decide about rules. Endpoints are value types: a node
/// holds hundreds of thousands of them.
/// </summary>
public sealed record EndpointSlice
{
    /// <summary>Namespace and name.</summary>
    public required NamespacedName Name { get; init; }

    /// <summary>The label <see cref="WellKnownLabels.ServiceName"/>; empty if missing, and then the slice is ignored.</summary>
    public string ServiceName { get; init; } = "";

    /// <summary>Whether the slice carries <see cref="WellKnownLabels.Headless"/>, which kube-proxy's watch leaves out.</summary>
    public bool IsHeadless { get; init; }

    /// <summary><c>addressType</c>.</summary>
    public AddressType AddressType { get; init; }

    /// <summary><c>ports</c>.</summary>
    public EquatableArray<SlicePort> Ports { get; init; }

    /// <summary><c>endpoints</c>, in the order of the list; those without a usable address are left out.</summary>
    public EquatableArray<SliceEndpoint> Endpoints { get; init; }

    /// <summary>The annotation <see cref="WellKnownLabels.LastChangeTriggerTime"/>, if present and readable.</summary>
    public DateTimeOffset? LastChangeTriggerTime { get; init; }

    /// <summary>What was left out because it cannot be used; the other endpoints and ports count all the same.</summary>
    public EquatableArray<Problem> Problems { get; init; }

    /// <summary>The key of the Service that the slice belongs to.</summary>
    public NamespacedName Service => new(Name.Namespace, ServiceName);
}

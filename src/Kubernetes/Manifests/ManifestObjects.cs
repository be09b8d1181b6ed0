using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>The objects found in manifests.</summary>
public sealed class ManifestObjects
{
    /// <summary>Services, by name.</summary>
    public Dictionary<NamespacedName, Service> Services { get; } = [];

    /// <summary>EndpointSlices, by name.</summary>
    public Dictionary<NamespacedName, EndpointSlice> EndpointSlices { get; } = [];

    /// <summary>Nodes, by name.</summary>
    public Dictionary<string, Node> Nodes { get; } = new(StringComparer.Ordinal);

    /// <summary>Pods, by name. No rule follows from them; they tell who has an address.</summary>
    public Dictionary<NamespacedName, Pod> Pods { get; } = [];

    /// <summary>ServiceCIDRs, by name.</summary>
    public Dictionary<string, ServiceCidr> ServiceCidrs { get; } = new(StringComparer.Ordinal);

    /// <summary>Number of all objects.</summary>
    public int Count => Services.Count + EndpointSlices.Count + Nodes.Count + Pods.Count + ServiceCidrs.Count;
}

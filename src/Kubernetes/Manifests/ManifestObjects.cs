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

    /// <summary>ServiceCIDRs, by name.</summary>
    public Dictionary<string, ServiceCidr> ServiceCidrs { get; } = new(StringComparer.Ordinal);
}

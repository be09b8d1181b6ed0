using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>The four resources that a service proxy watches, selected as kube-proxy 1.36 selects them (spec 13.1, wire notes 4).</summary>
public static class ApiResources
{
    /// <summary>Services of all namespaces that are not another proxy's and not headless.</summary>
    public static ApiResource<Service> Services { get; } =
        new(new("v1", "Service", IsNamespaced: true), "", "services", pool => new ServiceWireDecoder(pool))
        {
            LabelSelector = "!" + WellKnownLabels.ServiceProxyName,
            FieldSelector = "spec.clusterIP!=None",
            IsFieldSelectorOptional = true,
        };

    /// <summary>EndpointSlices of all namespaces that do not belong to headless Services.</summary>
    public static ApiResource<EndpointSlice> EndpointSlices { get; } =
        new(new("discovery.k8s.io/v1", "EndpointSlice", IsNamespaced: true), "discovery.k8s.io", "endpointslices", pool => new EndpointSliceWireDecoder(pool))
        {
            LabelSelector = "!" + WellKnownLabels.Headless,
        };

    /// <summary>All ServiceCIDRs.</summary>
    public static ApiResource<ServiceCidr> ServiceCidrs { get; } =
        new(new("networking.k8s.io/v1", "ServiceCIDR", IsNamespaced: false), "networking.k8s.io", "servicecidrs", pool => new ServiceCidrWireDecoder(pool));

    /// <summary>One Node.</summary>
    /// <param name="name">The node's name.</param>
    public static ApiResource<Node> Node(string name) =>
        new(new("v1", "Node", IsNamespaced: false), "", "nodes", pool => new NodeWireDecoder(pool)) { FieldSelector = "metadata.name=" + name };
}

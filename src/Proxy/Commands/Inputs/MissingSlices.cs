using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Recognises manifests that have Endpoints in place of the EndpointSlices that rules are made from.</summary>
internal static class MissingSlices
{
    private const string Remedy = "rules are made from EndpointSlices; add what kubectl get endpointslices -A -o yaml prints";

    /// <summary>What is missing if the input has no EndpointSlice at all; null if it has one, or nothing shows that there should be.</summary>
    public static string? Of(ManifestObjects objects) => objects.EndpointSlices.Count == 0 && objects.EndpointsWithAddresses.Count != 0
        ? $"the input has Endpoints ({Names(objects)}) and no EndpointSlice: EndpointSlices are missing in it, and {Remedy}"
        : null;

    /// <summary>What is missing for a Service; null if nothing shows that something is.</summary>
    public static string? Of(ManifestObjects objects, NamespacedName service) =>
        objects.EndpointsWithAddresses.Contains(service) && !objects.EndpointSlices.Values.Any(slice => slice.Service == service)
            ? $"the input has Endpoints {service} with addresses and no EndpointSlice of that Service: its EndpointSlices are missing in the input, and {Remedy}"
            : null;

    /// <summary>What to say of an input with Services and nothing that endpoints could come from; null for any other.</summary>
    public static string? OfServicesAlone(ManifestObjects objects) =>
        objects.Services.Values.Any(static service => service.ClusterIPs.Length != 0) && objects.EndpointSlices.Count == 0 && objects.EndpointsWithAddresses.Count == 0
            ? $"the input has no EndpointSlice, so no Service in it has endpoints; {Remedy}"
            : null;

    private static string Names(ManifestObjects objects) =>
        string.Join(", ", objects.EndpointsWithAddresses.Order().Take(3)) + (objects.EndpointsWithAddresses.Count > 3 ? ", ..." : "");
}

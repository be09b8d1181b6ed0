using System.Net;

namespace KubeProxySharp.Testing.Lab;

/// <summary>A Service of both families, with one of each kind of address. Its number is in all of them.</summary>
/// <param name="Name">Its name, in namespace <c>lab</c>.</param>
/// <param name="Number">1 to 99.</param>
public sealed record LabService(string Name, int Number)
{
    /// <summary>The port of all its addresses but the node port.</summary>
    public const int Port = 80;

    /// <summary>The port of its endpoints.</summary>
    public const int TargetPort = 8080;

    /// <summary>TCP or UDP.</summary>
    public string Protocol { get; init; } = "TCP";

    /// <summary>Port of its endpoints.</summary>
    public int Target { get; init; } = TargetPort;

    /// <summary>Further members of its spec, in JSON.</summary>
    public string Spec { get; init; } = "";

    /// <summary>Who answers.</summary>
    public IReadOnlyList<LabEndpoint> Endpoints { get; init; } = [];

    /// <summary>Its node port.</summary>
    public int NodePort => 30000 + Number;

    /// <summary>Its cluster IP.</summary>
    public IPAddress ClusterIp(bool isIPv6) => LabAddress.Parse(isIPv6 ? $"fd00:10:96::1{Number:00}" : $"10.96.1.{Number}");

    /// <summary>Its load-balancer IP.</summary>
    public IPAddress LoadBalancerIp(bool isIPv6) => LabAddress.Parse(isIPv6 ? $"2001:db8:100::{Number}" : $"198.51.100.{Number}");

    /// <summary>Its external IP.</summary>
    public IPAddress ExternalIp(bool isIPv6) => LabAddress.Parse(isIPv6 ? $"2001:db8:101::{Number}" : $"198.51.101.{Number}");

    /// <summary>The Service and its slices, in JSON.</summary>
    public IEnumerable<string> ToObjects() => [ToObject(), Slice(isIPv6: false), Slice(isIPv6: true)];

    /// <summary>The same as a manifest of several documents.</summary>
    public string ToManifest() => string.Concat(ToObjects().Select(json => $"---\n{json}\n"));

    private string ToObject() => $$$"""
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "{{{Name}}}", "namespace": "lab"},
        "spec": {"type": "LoadBalancer", "clusterIP": "{{{ClusterIp(false)}}}", "clusterIPs": ["{{{ClusterIp(false)}}}", "{{{ClusterIp(true)}}}"],
        "ipFamilies": ["IPv4", "IPv6"], "externalIPs": ["{{{ExternalIp(false)}}}", "{{{ExternalIp(true)}}}"],
        "ports": [{"name": "p", "port": {{{Port}}}, "protocol": "{{{Protocol}}}", "targetPort": {{{Target}}}, "nodePort": {{{NodePort}}} }]{{{(Spec.Length == 0 ? "" : ", " + Spec)}}} },
        "status": {"loadBalancer": {"ingress": [{"ip": "{{{LoadBalancerIp(false)}}}"}, {"ip": "{{{LoadBalancerIp(true)}}}"}]} } }
        """;

    private string Slice(bool isIPv6)
    {
        IEnumerable<string> endpoints = Endpoints.Where(endpoint => !isIPv6 || endpoint.Address6 is not null).Select(endpoint => endpoint.ToJson(isIPv6));
        return $$$"""
            {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": "{{{Name}}}-{{{(isIPv6 ? "ipv6" : "ipv4")}}}", "namespace": "lab", "labels": {"kubernetes.io/service-name": "{{{Name}}}"}},
            "addressType": "{{{(isIPv6 ? "IPv6" : "IPv4")}}}", "ports": [{"name": "p", "port": {{{Target}}}, "protocol": "{{{Protocol}}}"}],
            "endpoints": [{{{string.Join(", ", endpoints)}}}]}
            """;
    }
}

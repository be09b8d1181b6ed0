using System.Text.Json.Nodes;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Objects as the API has them; everything not said is as usual.</summary>
internal static class ApiObjects
{
    public const string NodeName = "node-a";

    public static readonly string[] NodeAddresses = ["192.168.0.2", "fd00:192:168::2"];

    /// <summary>The Node that the agent runs on.</summary>
    /// <param name="spec">The JSON of its spec.</param>
    /// <param name="metadata">More fields of its metadata, each after a comma.</param>
    public static string Node(string spec = "{}", string metadata = "") => $$$"""
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"{{{NodeName}}}"{{{metadata}}}},"spec":{{{spec}}},
        "status":{"addresses":[{"type":"InternalIP","address":"{{{NodeAddresses[0]}}}"},{"type":"InternalIP","address":"{{{NodeAddresses[1]}}}"}]}}
        """;

    /// <summary>A Service in the namespace shop with the port http 80/TCP.</summary>
    /// <param name="name">The name.</param>
    /// <param name="clusterIP">An IPv4 address.</param>
    /// <param name="more">More fields of its spec, each after a comma.</param>
    public static string Service(string name, string clusterIP, string more = "") => $$$"""
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"shop"},
        "spec":{"clusterIP":"{{{clusterIP}}}","clusterIPs":["{{{clusterIP}}}"],"ipFamilies":["IPv4"],"internalTrafficPolicy":"Cluster",
        "ports":[{"name":"http","port":80,"protocol":"TCP"{{{(more.Contains("LoadBalancer", StringComparison.Ordinal) ? ",\"nodePort\":30080" : "")}}}}]{{{more}}}}}
        """;

    /// <summary>The slice of a Service, with endpoints on this node that are ready.</summary>
    public static string Slice(string service, params string[] addresses)
    {
        string endpoints = string.Join(',', addresses.Select(address => $$$"""{"addresses":["{{{address}}}"],"conditions":{"ready":true},"nodeName":"{{{NodeName}}}"}"""));
        return $$$"""
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"{{{service}}}-1","namespace":"shop",
            "labels":{"kubernetes.io/service-name":"{{{service}}}"}},"addressType":"IPv4","endpoints":[{{{endpoints}}}],
            "ports":[{"name":"http","port":8080,"protocol":"TCP"}]}
            """;
    }

    /// <summary>A ServiceCIDR.</summary>
    public static string ServiceCidr(string name, params string[] cidrs) => $$$"""
        {"kind":"ServiceCIDR","apiVersion":"networking.k8s.io/v1","metadata":{"name":"{{{name}}}"},
        "spec":{"cidrs":[{{{string.Join(',', cidrs.Select(cidr => $"\"{cidr}\""))}}}]}}
        """;

    /// <summary>A list of objects, as <c>kubectl get -o json</c> prints it.</summary>
    public static string List(IEnumerable<string> objects) => $$$"""{"kind":"List","apiVersion":"v1","items":[{{{string.Join(',', objects)}}}]}""";

    /// <summary>Kind, namespace and name of an object.</summary>
    public static (string Kind, string Space, string Name) KeyOf(string json)
    {
        JsonNode document = JsonNode.Parse(json)!;
        JsonNode metadata = document["metadata"]!;
        return (document["kind"]!.GetValue<string>(), metadata["namespace"]?.GetValue<string>() ?? "", metadata["name"]!.GetValue<string>());
    }
}

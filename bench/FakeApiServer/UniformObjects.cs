using System.Globalization;
using System.Text;

namespace KubeProxySharp.FakeApiServer;

/// <summary>The cluster of bench/generate.sh and tests/Testing/UniformCluster as API objects: Service i has 10.96.0.0 + i, its endpoints 10.128.0.0 + 256 i.</summary>
internal static class UniformObjects
{
    private const int NodeCount = 100;

    public static string Service(int number) => string.Create(CultureInfo.InvariantCulture, $$"""
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"svc-{{number}}","namespace":"ns-{{number % 50}}"},"spec":{"type":"ClusterIP","sessionAffinity":"None","clusterIP":"{{Address(96, number)}}","clusterIPs":["{{Address(96, number)}}"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster","selector":{"app":"svc-{{number}}"},"ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080} ] } }
        """);

    /// <summary>The slice of a Service.</summary>
    /// <param name="number">Which Service.</param>
    /// <param name="endpoints">How many endpoints.</param>
    /// <param name="generation">Replaces the first endpoint: each generation has another address there.</param>
    /// <param name="trigger">What goes into the annotation last-change-trigger-time; null for none.</param>
    public static string Slice(int number, int endpoints, int generation, DateTimeOffset? trigger)
    {
        StringBuilder text = new(256 + (endpoints * 220));
        string annotation = trigger is { } time
            ? $",\"annotations\":{{\"endpoints.kubernetes.io/last-change-trigger-time\":\"{time.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'}\"}}"
            : "";
        text.Append(CultureInfo.InvariantCulture, $$$"""
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"svc-{{{number}}}-abcde","namespace":"ns-{{{number % 50}}}","generation":{{{generation + 1}}},"labels":{"endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io","kubernetes.io/service-name":"svc-{{{number}}}"}{{{annotation}}}},"addressType":"IPv4","ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":[
            """);
        for (int index = 0; index < endpoints; index++)
        {
            // The upper half of a Service's 256 addresses is for replacements.
            int offset = index == 0 && generation > 0 ? 128 + (generation % 128) : index;
            text.Append(CultureInfo.InvariantCulture, $$$"""
                {{{(index > 0 ? "," : "")}}}{"addresses":["{{{Address(128, (number * 256) + offset)}}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-{{{number % NodeCount}}}","zone":"zone-{{{number % 3}}}","targetRef":{"kind":"Pod","namespace":"ns-{{{number % 50}}}","name":"svc-{{{number}}}-{{{offset}}}","uid":"10000000-0000-4000-8000-{{{(number * 256) + offset:x12}}}"} }
                """);
        }

        return text.Append("]}").ToString();
    }

    /// <summary>A Service that is like none of the others: UDP.</summary>
    public static string Dns() => """
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"dns","namespace":"kube-system"},"spec":{"type":"ClusterIP","sessionAffinity":"None","clusterIP":"10.96.254.53","clusterIPs":["10.96.254.53"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster","selector":{"app":"dns"},"ports":[{"name":"dns","protocol":"UDP","port":53,"targetPort":53} ] } }
        """;

    /// <summary>Its only slice.</summary>
    public static string DnsSlice(string endpoint) => $$"""
        {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"dns-abcde","namespace":"kube-system","labels":{"kubernetes.io/service-name":"dns"} },"addressType":"IPv4","ports":[{"name":"dns","protocol":"UDP","port":53}],"endpoints":[{"addresses":["{{endpoint}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-1"} ] }
        """;

    public static string Node(string name) => $$"""
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"{{name}}","labels":{"kubernetes.io/hostname":"{{name}}","topology.kubernetes.io/zone":"zone-0"} },"spec":{"podCIDR":"10.244.0.0/24","podCIDRs":["10.244.0.0/24"]},"status":{"addresses":[{"type":"InternalIP","address":"192.168.0.2"},{"type":"Hostname","address":"{{name}}"}] } }
        """;

    public static string ServiceCidr() => """
        {"kind":"ServiceCIDR","apiVersion":"networking.k8s.io/v1","metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/12"]}}
        """;

    /// <summary>Addresses from 10.second.0.0 on, and from 11.0.0.0 when those are used up.</summary>
    private static string Address(int second, int number)
    {
        int block = second + (number / 65536);
        return string.Create(CultureInfo.InvariantCulture, $"{10 + (block / 256)}.{block % 256}.{number / 256 % 256}.{number % 256}");
    }
}

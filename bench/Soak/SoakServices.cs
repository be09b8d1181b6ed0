using System.Globalization;
using System.Net;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Soak;

/// <summary>The Services that connections are made to, as API objects: number n has the cluster IP 10.111.0.n.</summary>
internal static class SoakServices
{
    /// <summary>Where the servers of the pods listen.</summary>
    public const int PodPort = 8080;

    /// <summary>The node port of the one Service that has one.</summary>
    public const int NodePort = 30080;

    private const string Space = "soak";

    /// <summary>The address that clients dial.</summary>
    public static IPEndPoint Destination(int number) => new(LabAddress.Parse(ClusterIP(number)), 80);

    public static string ClusterIP(int number) => string.Create(CultureInfo.InvariantCulture, $"10.111.0.{number}");

    public static string Name(int number) => string.Create(CultureInfo.InvariantCulture, $"dialled-{number}");

    public static string Service(int number, int? nodePort = null) => Service(Name(number), ClusterIP(number), nodePort);

    /// <summary>A Service by name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="clusterIP">Its cluster IP, which may be a bad one.</param>
    /// <param name="nodePort">Its node port; null for none.</param>
    public static string Service(string name, string clusterIP, int? nodePort = null) => string.Create(CultureInfo.InvariantCulture, $$"""
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"{{name}}","namespace":"{{Space}}"},"spec":{"type":"{{(nodePort is null ? "ClusterIP" : "NodePort")}}","sessionAffinity":"None","clusterIP":"{{clusterIP}}","clusterIPs":["{{clusterIP}}"],"ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster","externalTrafficPolicy":"{{(nodePort is null ? "" : "Cluster")}}","ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080{{(nodePort is { } port ? ",\"nodePort\":" + port : "")}}} ] } }
        """).Replace(",\"externalTrafficPolicy\":\"\"", "", StringComparison.Ordinal);

    public static string Slice(int number, params string[] endpoints) => Slice(Name(number), "abcde", endpoints);

    /// <summary>A slice of a Service.</summary>
    /// <param name="name">Name of the Service.</param>
    /// <param name="suffix">What the slice's name has after it.</param>
    /// <param name="endpoints">Addresses, which may be bad ones.</param>
    public static string Slice(string name, string suffix, params string[] endpoints)
    {
        string list = string.Join(',', endpoints.Select(address => $$"""{"addresses":["{{address}}"],"conditions":{"ready":true,"serving":true,"terminating":false},"nodeName":"node-1"}"""));
        return $$"""
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"{{name}}-{{suffix}}","namespace":"{{Space}}","labels":{"kubernetes.io/service-name":"{{name}}"} },"addressType":"IPv4","ports":[{"name":"http","protocol":"TCP","port":8080}],"endpoints":[{{list}}] }
            """;
    }

    /// <summary>Removes a Service with one slice.</summary>
    public static void Delete(FakeApi.Storage.ObjectStore store, string name, string suffix)
    {
        store.Delete(FakeApi.Schema.ResourceType.EndpointSlices, Space, $"{name}-{suffix}");
        store.Delete(FakeApi.Schema.ResourceType.Services, Space, name);
    }
}

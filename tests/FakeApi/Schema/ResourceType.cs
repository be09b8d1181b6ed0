using System.Text;
using System.Text.Json;

namespace KubeProxySharp.FakeApi.Schema;

/// <summary>A resource of the server (kubernetes-wire.md 2.1).</summary>
public sealed class ResourceType
{
    private ResourceType(string group, string plural, string kind, bool namespaced, WireMessage message, params string[] fieldLabels)
    {
        Group = group;
        Plural = plural;
        Kind = kind;
        Namespaced = namespaced;
        Message = message;
        FieldLabels = ["metadata.name", .. namespaced ? (string[])["metadata.namespace"] : [], .. fieldLabels];
        ApiVersion = group.Length == 0 ? "v1" : group + "/v1";
        ListPath = (group.Length == 0 ? "/api/v1/" : "/apis/" + group + "/v1/") + plural;
        KindPrefix = Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind}\",\"apiVersion\":\"{ApiVersion}\",");
        using JsonDocument empty = JsonDocument.Parse("{}");
        EmptyObject = empty.RootElement.Clone();
    }

    /// <summary>core/v1 Services.</summary>
    public static ResourceType Services { get; } = new("", "services", "Service", true, ServiceMessages.Service, "spec.clusterIP", "spec.type");

    /// <summary>discovery.k8s.io/v1 EndpointSlices.</summary>
    public static ResourceType EndpointSlices { get; } =
        new("discovery.k8s.io", "endpointslices", "EndpointSlice", true, EndpointSliceMessages.EndpointSlice);

    /// <summary>core/v1 Nodes.</summary>
    public static ResourceType Nodes { get; } = new("", "nodes", "Node", false, NodeMessages.Node, "spec.unschedulable");

    /// <summary>networking.k8s.io/v1 ServiceCIDRs.</summary>
    public static ResourceType ServiceCidrs { get; } =
        new("networking.k8s.io", "servicecidrs", "ServiceCIDR", false, ServiceMessages.ServiceCidr);

    /// <summary>events.k8s.io/v1 Events, the only ones a client may write.</summary>
    public static ResourceType Events { get; } = new("events.k8s.io", "events", "Event", true, EventMessages.Event);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ResourceType> All { get; } = [Services, EndpointSlices, Nodes, ServiceCidrs, Events];

    /// <summary>The API group; empty for core.</summary>
    public string Group { get; }

    /// <summary>The name in paths, like <c>services</c>.</summary>
    public string Plural { get; }

    /// <summary>The kind, like <c>Service</c>.</summary>
    public string Kind { get; }

    /// <summary>Whether its objects live in namespaces.</summary>
    public bool Namespaced { get; }

    /// <summary>Group and version, like <c>discovery.k8s.io/v1</c>.</summary>
    public string ApiVersion { get; }

    /// <summary>The path of the list of all its objects.</summary>
    public string ListPath { get; }

    internal WireMessage Message { get; }

    /// <summary>The fields a field selector may name; others are refused (kubernetes-wire.md 4).</summary>
    internal string[] FieldLabels { get; }

    /// <summary>The beginning of the JSON of every object.</summary>
    internal byte[] KindPrefix { get; }

    internal JsonElement EmptyObject { get; }

    /// <summary>The name with its group, as in messages: <c>endpointslices.discovery.k8s.io</c>.</summary>
    internal string QualifiedName => Group.Length == 0 ? Plural : Plural + "." + Group;

    /// <inheritdoc/>
    public override string ToString() => QualifiedName;
}

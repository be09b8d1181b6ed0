using System.Globalization;
using System.Text;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>A resource that this node watches: its path, the selected objects and their decoder (wire notes 4).</summary>
/// <typeparam name="T">The input type of the rule model.</typeparam>
public sealed class ApiResource<T>
    where T : class
{
    internal ApiResource(ExpectedKind kind, string group, string plural, Func<Utf8StringPool, IResourceDecoder<T>> decoder)
    {
        ExpectedKind = kind;
        Group = group;
        Plural = plural;
        MakeDecoder = decoder;
        Path = $"{(group.Length == 0 ? "/api" : "/apis")}/{kind.ApiVersion}/{plural}";
    }

    /// <summary>The API group; empty for the core group.</summary>
    public string Group { get; }

    /// <summary>The plural name, such as <c>endpointslices</c>.</summary>
    public string Plural { get; }

    /// <summary>The label selector; empty for all objects.</summary>
    public string LabelSelector { get; init; } = "";

    /// <summary>The field selector; empty for all objects.</summary>
    public string FieldSelector { get; init; } = "";

    /// <summary>
    /// Whether the field selector only saves traffic, so that it can be left out for a server that does not know the
    /// field (before 1.31, wire notes 4).
    /// </summary>
    public bool IsFieldSelectorOptional { get; init; }

    internal ExpectedKind ExpectedKind { get; }

    internal Func<Utf8StringPool, IResourceDecoder<T>> MakeDecoder { get; }

    internal string Path { get; }

    /// <summary>The watch request; a streaming list has no events but its own initial ones before it (wire notes 3.1, 3.2).</summary>
    internal string WatchPath(string resourceVersion, bool isStreamingList, int timeoutSeconds, bool usesFieldSelector)
    {
        StringBuilder query = new(Path);
        query.Append("?allowWatchBookmarks=true");
        AppendSelectors(query, usesFieldSelector);
        Append(query, "resourceVersion", resourceVersion);
        if (isStreamingList)
        {
            query.Append("&resourceVersionMatch=NotOlderThan&sendInitialEvents=true");
        }

        query.Append(CultureInfo.InvariantCulture, $"&timeoutSeconds={timeoutSeconds}&watch=true");
        return query.ToString();
    }

    /// <summary>The list request; a continued one must not repeat the resource version (wire notes 2.4).</summary>
    internal string ListPath(string resourceVersion, int limit, string continueToken, bool usesFieldSelector)
    {
        StringBuilder query = new(Path);
        Append(query, "continue", continueToken);
        AppendSelectors(query, usesFieldSelector);
        Append(query, "limit", limit == 0 ? "" : limit.ToString(CultureInfo.InvariantCulture));
        Append(query, "resourceVersion", continueToken.Length == 0 ? resourceVersion : "");
        int first = query.ToString().IndexOf('&', StringComparison.Ordinal);
        if (first >= 0)
        {
            query[first] = '?';
        }

        return query.ToString();
    }

    private static void Append(StringBuilder query, string name, string value)
    {
        if (value.Length != 0)
        {
            query.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
    }

    private void AppendSelectors(StringBuilder query, bool usesFieldSelector)
    {
        Append(query, "fieldSelector", usesFieldSelector ? FieldSelector : "");
        Append(query, "labelSelector", LabelSelector);
    }
}

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

using System.Net;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Commands.Output;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Lists what a command needs of a cluster once, within a time limit.</summary>
/// <param name="time">The clock.</param>
/// <param name="errors">Receives notes.</param>
internal sealed class ClusterListing(TimeProvider time, TextWriter errors) : IApiObserver
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>Lists.</summary>
    /// <param name="access">The server.</param>
    /// <param name="needs">What is needed.</param>
    /// <param name="reader">Receives the objects.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">The server refused, or did not deliver everything in time.</exception>
    /// <exception cref="ConnectionException">What was given cannot be used.</exception>
    public async Task ReadAsync(ClusterAccess access, ClusterNeeds needs, ManifestReader reader, CancellationToken cancellation)
    {
        using ApiConnection connection = access.Open(new ConnectionSettings { QueriesPerSecond = 50, Burst = 50, TimeProvider = time });
        if (!access.IsNamed)
        {
            errors.WriteLine($"note: asking the API server {connection.Server} ({connection.Description})");
        }

        ApiClient client = new(connection, new() { UserAgent = "kube-proxy-sharp" }, this, time, NullLogger<ApiClient>.Instance);
        ObjectListing listing = new(client, reader);
        using CancellationTokenSource limit = new(s_limit, time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        List<(ListedResource Resource, string Message)> forbidden = [];
        try
        {
            foreach ((ListedResource resource, bool isRequired) in needs.Resources.Where(need => needs.FindPodNamespaces is null || need.Resource.Plural != ListedResource.Pods.Plural))
            {
                await ListAsync(listing, resource, isRequired, forbidden, either.Token);
            }

            if (needs.FindPodNamespaces is { } find)
            {
                await ListPodsAsync(listing, needs, find(reader.Objects), reader.Objects, forbidden, either.Token);
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new InputException($"the API server {connection.Server} did not list everything within {s_limit.TotalSeconds:0} s ({connection.Description})");
        }
        catch (ApiException e) when (e.Status.Code == (int)HttpStatusCode.Unauthorized)
        {
            throw new InputException($"the API server {connection.Server} does not accept the credentials of {connection.Description}: {e.Status}; log in again, or choose another --context");
        }
        catch (Exception e) when (e is ApiException or HttpRequestException or InvalidDataException or IOException)
        {
            throw new InputException($"the API server {connection.Server} cannot be asked ({connection.Description}): {e.Message}");
        }

        if (forbidden.Count != 0)
        {
            throw new InputException(DescribeForbidden(forbidden, connection, needs));
        }
    }

    /// <inheritdoc/>
    public void OnRequest(in ApiRequestReport report)
    {
        // Requests are not counted here.
    }

    /// <inheritdoc/>
    public void OnResourceVersion(string resource, string resourceVersion)
    {
        // Nothing is watched after the listing.
    }

    /// <inheritdoc/>
    public void OnProblem(string resource, string? problem)
    {
        // Problems are those of watches.
    }

    /// <summary>Lists the Pods of namespaces, and then those single ones that were not among them: a Pod that is listed twice may have changed.</summary>
    private async Task ListPodsAsync(ObjectListing listing, ClusterNeeds needs, IEnumerable<string> namespaces, ManifestObjects objects, List<(ListedResource Resource, string Message)> forbidden, CancellationToken cancellation)
    {
        foreach (string space in namespaces)
        {
            await ListAsync(listing, ListedResource.Pods with { Namespace = space }, isRequired: false, forbidden, cancellation);
        }

        foreach ((ListedResource pods, bool isRequired) in needs.Resources.Where(need => need.Resource.Plural == ListedResource.Pods.Plural && !ClusterNeeds.IsListed(need.Resource, objects)))
        {
            await ListAsync(listing, pods, isRequired, forbidden, cancellation);
        }
    }

    private async Task ListAsync(ObjectListing listing, ListedResource resource, bool isRequired, List<(ListedResource Resource, string Message)> forbidden, CancellationToken cancellation)
    {
        try
        {
            await listing.ListAsync(resource, cancellation);
        }
        catch (ApiException e) when (e.Status.Code == (int)HttpStatusCode.Forbidden && isRequired)
        {
            forbidden.Add((resource, e.Status.Message));
        }
        catch (ApiException e) when (e.Status.Code == (int)HttpStatusCode.Forbidden)
        {
            errors.WriteLine($"note: the verb list on {resource} is not permitted; {ClusterNeeds.ConsequenceWithout(resource)}");
        }
        catch (ApiException e) when (e.Status.Code == (int)HttpStatusCode.NotFound && !isRequired)
        {
            // The server is older than the resource.
        }
    }

    private static string DescribeForbidden(List<(ListedResource Resource, string Message)> forbidden, ApiConnection connection, ClusterNeeds needs)
    {
        string missing = string.Join(", ", forbidden.Select(static entry => $"list on {entry.Resource}"));
        string all = string.Join(',', needs.Resources.Concat(needs.FindPodNamespaces is null ? [] : [(ListedResource.Pods, false)]).Select(static need => need.Resource.QualifiedName).Distinct(StringComparer.Ordinal));
        return $"the API server {connection.Server} does not permit what is needed ({connection.Description}): the missing rights are {missing}; it says: {forbidden[0].Message}. "
            + $"Grant them (kubectl create clusterrole svcpath --verb=list --resource={all}, and a clusterrolebinding), or have the objects listed by somebody who may, and give them with -f";
    }
}

/// <summary>What a command needs of a cluster.</summary>
internal sealed record ClusterNeeds
{
    private readonly List<(ListedResource Resource, bool IsRequired)> _pods = [];

    /// <summary>The only Node that is needed; null for all of them.</summary>
    public string? NodeName { get; init; }

    /// <summary>The resources in the order in which they are listed, and whether it cannot be done without them.</summary>
    public IEnumerable<(ListedResource Resource, bool IsRequired)> Resources =>
    [
        (NodeName is null ? ListedResource.Nodes : ListedResource.Nodes with { FieldSelector = $"metadata.name={NodeName}" }, true),
        .. _pods,
        (ListedResource.Services, true),
        (ListedResource.EndpointSlices, true),
        (ListedResource.ServiceCidrs, false),
    ];

    /// <summary>Finds, by what was listed before, the namespaces of which all Pods are listed if that is permitted; null for none.</summary>
    public Func<ManifestObjects, IEnumerable<string>>? FindPodNamespaces { get; set; }

    /// <summary>Whether what is asked of Pods, one name or one address, is among the objects.</summary>
    public static bool IsListed(ListedResource pods, ManifestObjects objects)
    {
        string wanted = pods.FieldSelector[(pods.FieldSelector.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return pods.Namespace.Length != 0
            ? objects.Pods.Keys.Any(name => name.Namespace == pods.Namespace && name.Name == wanted)
            : objects.Pods.Values.Any(pod => pod.Addresses.AsSpan().Contains(wanted));
    }

    /// <summary>Adds one Pod.</summary>
    /// <param name="space">Its namespace.</param>
    /// <param name="name">Its name.</param>
    public void AddPod(string space, string name) => _pods.Add((ListedResource.Pods with { Namespace = space, FieldSelector = $"metadata.name={name}" }, true));

    /// <summary>Adds the Pods that have an address, if it is permitted to ask for them.</summary>
    public void AddPodsAt(string address) => _pods.Add((ListedResource.Pods with { FieldSelector = $"status.podIP={address}" }, false));

    /// <summary>Adds the Pods of a node, if it is permitted to ask for them.</summary>
    public void AddPodsOn(string node) => _pods.Add((ListedResource.Pods with { FieldSelector = $"spec.nodeName={node}" }, false));

    /// <summary>What follows if a resource that is not required cannot be listed.</summary>
    public static string ConsequenceWithout(ListedResource resource) => resource.Plural == ListedResource.Pods.Plural
        ? resource.FieldSelector.Length == 0 ? "pods are named by their addresses" : "whether a Pod has the address is not known"
        : "rules for the addresses of the Service network that no Service has are left out";
}

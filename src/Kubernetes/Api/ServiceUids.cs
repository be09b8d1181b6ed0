using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Api;

/// <summary>
/// Looks up the uid of a Service when an Event about it is written: <c>kubectl describe</c> finds Events by it. Events are
/// rare, so that this is cheaper than to keep the uids of all Services. A node may list Services, not get one.
/// </summary>
/// <param name="client">Sends the requests.</param>
internal sealed class ServiceUids(ApiClient client)
{
    private const int MaxUidLength = 128;

    private static readonly ExpectedKind s_kind = ApiResources.Services.ExpectedKind;

    /// <summary>The reference with the uid, if it is about a Service that there is.</summary>
    /// <exception cref="ApiException">The server refused.</exception>
    /// <exception cref="WireException">Its answer is no list of Services.</exception>
    public async Task<ObjectReference> AddAsync(ObjectReference regarding, CancellationToken cancellationToken)
    {
        if (regarding.Kind != s_kind.Kind || regarding.Uid.Length != 0)
        {
            return regarding;
        }

        string path = $"/api/v1/namespaces/{Uri.EscapeDataString(regarding.Namespace)}/services?fieldSelector="
            + Uri.EscapeDataString("metadata.name=" + regarding.Name);
        using HttpResponseMessage response = await client.SendAsync(new(HttpMethod.Get, path), cancellationToken);
        Utf8StringPool pool = new();
        using IResourceStream<ObjectUid> items = ResourceStreams.List(
            await ApiClient.OpenAsync(response, cancellationToken),
            ResourceStreams.FormatOf(response.Content.Headers.ContentType?.MediaType),
            s_kind,
            new ObjectUidDecoder(pool),
            new NameTable(pool));
        ResourceEvent<ObjectUid>? first = await items.NextAsync(cancellationToken);
        return first is { Type: ResourceEventType.Put, Value: { Uid.Length: > 0 and <= MaxUidLength } found } && found.Name.Name == regarding.Name
            ? regarding with { Uid = found.Uid }
            : regarding;
    }
}

namespace KubeProxySharp.FakeApi.Storage;

/// <summary>One change: what was there before and what is there now.</summary>
/// <param name="Version">The resourceVersion of the change.</param>
/// <param name="Previous">Null for a new object.</param>
/// <param name="Current">Null for a deletion.</param>
internal sealed record StoreEvent(long Version, StoredObject? Previous, StoredObject? Current)
{
    private StoredObject? _farewell;

    /// <summary>The previous content with the version of this change: what watchers see of an object that leaves them.</summary>
    public StoredObject Farewell => _farewell ??= (Previous ?? throw new InvalidOperationException("a new object cannot leave")).WithVersion(Version);
}

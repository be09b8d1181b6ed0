using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Storage;

/// <summary>The objects and the version of a moment, to go back to.</summary>
public sealed class StoreState
{
    internal StoreState(long version, IReadOnlyDictionary<ResourceType, StoredObject[]> objects)
    {
        Version = version;
        Objects = objects;
    }

    /// <summary>The newest resourceVersion then.</summary>
    public long Version { get; }

    internal IReadOnlyDictionary<ResourceType, StoredObject[]> Objects { get; }
}

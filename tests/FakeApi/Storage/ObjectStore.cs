using System.Globalization;
using System.Text.Json;
using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Storage;

/// <summary>
/// The objects of the cluster, with one counter of resourceVersions for all types (kubernetes-wire.md 2.3). It is kept when the
/// server is restarted. Thread-safe.
/// </summary>
public sealed partial class ObjectStore
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ResourceType, ResourceTable> _tables = ResourceType.All.ToDictionary(type => type, type => new ResourceTable(type));
    private readonly TimeProvider _time;
    private readonly int _window;
    private long _version = 1;
    private long _uid;
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal ObjectStore(TimeProvider time, int window)
    {
        _time = time;
        _window = window;
    }

    /// <summary>The newest resourceVersion.</summary>
    public long ResourceVersion
    {
        get
        {
            lock (_lock)
            {
                return _version;
            }
        }
    }

    /// <summary>The number of objects of a type.</summary>
    public int Count(ResourceType type)
    {
        lock (_lock)
        {
            return _tables[type].Objects.Count;
        }
    }

    /// <summary>An object as JSON with kind and apiVersion, or null.</summary>
    public string? Find(ResourceType type, string? @namespace, string name)
    {
        lock (_lock)
        {
            return _tables[type].Objects.GetValueOrDefault(StoredObject.KeyOf(@namespace, name))?.ToString();
        }
    }

    /// <summary>All objects of a type as JSON, by key.</summary>
    public IReadOnlyList<string> All(ResourceType type)
    {
        lock (_lock)
        {
            return [.. _tables[type].Objects.Values.Select(item => item.ToString())];
        }
    }

    /// <summary>Creates or replaces an object given as JSON with kind and apiVersion.</summary>
    /// <returns>Its resourceVersion.</returns>
    /// <exception cref="ArgumentException">The kind is not served.</exception>
    public long Put(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Put(TypeOf(document.RootElement), document.RootElement).Version;
    }

    /// <summary>Makes two changes that are sent to watches in the wrong order: the second, newer one first.</summary>
    public void PutReversed(string first, string second)
    {
        using JsonDocument firstDocument = JsonDocument.Parse(first);
        using JsonDocument secondDocument = JsonDocument.Parse(second);
        ResourceTable table = _tables[TypeOf(firstDocument.RootElement)];
        if (TypeOf(secondDocument.RootElement) != table.Type)
        {
            throw new ArgumentException("two changes of one type are needed: streams of different types have no common order", nameof(second));
        }

        lock (_lock)
        {
            StoreEvent earlier = Change(table, firstDocument.RootElement, null);
            StoreEvent later = Change(table, secondDocument.RootElement, null);
            table.Append(later, _window);
            table.Append(earlier, _window);
        }

        WakeWatches();
    }

    /// <summary>Deletes an object.</summary>
    /// <returns>The resourceVersion of the deletion; 0 when there is no such object.</returns>
    public long Delete(ResourceType type, string? @namespace, string name, DeletionNotice notice = DeletionNotice.Once)
    {
        lock (_lock)
        {
            ResourceTable table = _tables[type];
            if (!table.Objects.Remove(StoredObject.KeyOf(@namespace, name), out StoredObject? previous))
            {
                return 0;
            }

            StoreEvent change = new(++_version, previous, null);
            for (int times = notice switch { DeletionNotice.Never => 0, DeletionNotice.Twice => 2, _ => 1 }; times > 0; times--)
            {
                table.Append(change, _window);
            }
        }

        WakeWatches();
        return ResourceVersion;
    }

    /// <summary>
    /// Loads the objects of a list (kind List with kinds at the items, or ServiceList and the like). Kinds that are not served are
    /// skipped. With <paramref name="keepVersions"/> they keep their resourceVersions, and the list's becomes the newest: no
    /// earlier version can be watched.
    /// </summary>
    public void Load(string json, bool keepVersions = false)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        string listKind = StoredObject.TextOf(document.RootElement, "kind");
        lock (_lock)
        {
            foreach (JsonElement item in document.RootElement.GetProperty("items").EnumerateArray())
            {
                string kind = StoredObject.TextOf(item, "kind") is { Length: > 0 } own ? own : listKind.Replace("List", "", StringComparison.Ordinal);
                if (ResourceType.All.FirstOrDefault(type => type.Kind == kind) is { } type)
                {
                    long? version = keepVersions ? VersionOf(item.GetProperty("metadata")) : null;
                    _tables[type].Append(Change(_tables[type], item, version), _window);
                }
            }

            if (keepVersions && document.RootElement.TryGetProperty("metadata", out JsonElement metadata) && VersionOf(metadata) is { } current)
            {
                _version = Math.Max(_version, current);
                ForgetHistoryLocked(compact: true);
            }
        }

        WakeWatches();
    }

    internal StoredObject Put(ResourceType type, JsonElement document)
    {
        StoreEvent change;
        lock (_lock)
        {
            change = Change(_tables[type], document, null);
            _tables[type].Append(change, _window);
        }

        WakeWatches();
        return change.Current ?? throw new InvalidOperationException("a put object is there");
    }

    private StoreEvent Change(ResourceTable table, JsonElement document, long? version)
    {
        JsonElement metadata = document.GetProperty("metadata");
        string name = StoredObject.TextOf(metadata, "name");
        string space = StoredObject.TextOf(metadata, "namespace");
        if (table.Type.Namespaced && space.Length == 0)
        {
            space = "default";
        }

        StoredObject? previous = table.Objects.GetValueOrDefault(StoredObject.KeyOf(space, name));
        Dictionary<string, string> stamp = new(StringComparer.Ordinal);
        if (table.Type.Namespaced)
        {
            stamp["namespace"] = space;
        }

        if (StoredObject.TextOf(metadata, "uid").Length == 0)
        {
            stamp["uid"] = previous?.Uid ?? string.Create(CultureInfo.InvariantCulture, $"00000000-0000-4000-8000-{++_uid:x12}");
        }

        if (StoredObject.TextOf(metadata, "creationTimestamp").Length == 0)
        {
            stamp["creationTimestamp"] = previous?.Created
                ?? _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        }

        StoredObject stored = StoredObject.Create(table.Type, document, stamp, version ?? ++_version);
        table.Objects[stored.Key] = stored;
        return new StoreEvent(stored.Version, previous, stored);
    }

    private static long? VersionOf(JsonElement metadata) =>
        long.TryParse(StoredObject.TextOf(metadata, "resourceVersion"), NumberStyles.None, CultureInfo.InvariantCulture, out long version) ? version : null;

    private static ResourceType TypeOf(JsonElement document)
    {
        string kind = StoredObject.TextOf(document, "kind");
        return ResourceType.All.FirstOrDefault(type => type.Kind == kind)
            ?? throw new ArgumentException($"kind \"{kind}\" is not served; known are Service, EndpointSlice, Node, ServiceCIDR, Event", nameof(document));
    }
}

/// <summary>How often a deletion is sent to watches.</summary>
public enum DeletionNotice
{
    /// <summary>Once, as by a correct server.</summary>
    Once,

    /// <summary>Never: only a new list shows it.</summary>
    Never,

    /// <summary>Twice, with the same resourceVersion.</summary>
    Twice,
}

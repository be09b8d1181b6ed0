using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Storage;

/// <summary>The objects of one type and the changes that can still be watched. Guarded by the store's lock.</summary>
internal sealed class ResourceTable(ResourceType type)
{
    private readonly List<StoreEvent> _log = [];
    private long _dropped;

    public ResourceType Type { get; } = type;

    public SortedDictionary<string, StoredObject> Objects { get; } = new(StringComparer.Ordinal);

    /// <summary>The oldest version that a watch can start from; earlier ones are expired.</summary>
    public long WatchFloor { get; set; }

    /// <summary>The oldest version that can be listed exactly.</summary>
    public long ListFloor { get; set; }

    /// <summary>The version in bookmarks of this type.</summary>
    public long Progress { get; set; }

    /// <summary>The position after the last change; positions only grow.</summary>
    public long End => _dropped + _log.Count;

    public void Append(StoreEvent change, int window)
    {
        _log.Add(change);
        Progress = Math.Max(Progress, change.Version);
        // Removed in blocks, so that a full window does not move the whole list at each change.
        if (_log.Count > window + (window / 2))
        {
            Drop(_log.Count - window);
        }
    }

    public void Drop(int count)
    {
        if (count > 0)
        {
            WatchFloor = Math.Max(WatchFloor, _log[count - 1].Version);
            ListFloor = Math.Max(ListFloor, WatchFloor);
            _log.RemoveRange(0, count);
            _dropped += count;
        }
    }

    /// <summary>Replaces all objects by those of another state; no earlier version can be watched or listed.</summary>
    public void Reset(IEnumerable<StoredObject> objects, long version)
    {
        _dropped += _log.Count;
        _log.Clear();
        Objects.Clear();
        foreach (StoredObject item in objects)
        {
            Objects[item.Key] = item;
        }

        (WatchFloor, ListFloor, Progress) = (version, version, version);
    }

    /// <summary>The position of the first change after a version.</summary>
    public long PositionAfter(long version)
    {
        int index = _log.FindIndex(change => change.Version > version);
        return index < 0 ? End : _dropped + index;
    }

    /// <summary>Copies the changes from a position on.</summary>
    /// <returns>False when the position is no longer in the window, because the watch was too slow.</returns>
    public bool TryRead(ref long position, List<StoreEvent> target, int limit)
    {
        if (position < _dropped)
        {
            return false;
        }

        int start = (int)(position - _dropped);
        int count = Math.Min(limit, _log.Count - start);
        target.AddRange(_log.GetRange(start, count));
        position += count;
        return true;
    }

    /// <summary>The objects as they were at a version, by undoing the changes after it.</summary>
    public IEnumerable<StoredObject> At(long version)
    {
        int first = (int)(PositionAfter(version) - _dropped);
        if (first == _log.Count)
        {
            return Objects.Values;
        }

        SortedDictionary<string, StoredObject> past = new(Objects, StringComparer.Ordinal);
        for (int index = _log.Count - 1; index >= first; index--)
        {
            StoreEvent change = _log[index];
            if (change.Previous is { } previous)
            {
                past[previous.Key] = previous;
            }
            else if (change.Current is { } current)
            {
                past.Remove(current.Key);
            }
        }

        return past.Values;
    }
}

/// <summary>A change of an object.</summary>
/// <param name="Version">The resourceVersion of the change.</param>
/// <param name="Previous">Null for a new object.</param>
/// <param name="Current">Null for a deletion.</param>
internal sealed record StoreEvent(long Version, StoredObject? Previous, StoredObject? Current)
{
    private StoredObject? _deleted;

    /// <summary>The previous content with the version of this change: the object of a DELETED event.</summary>
    public StoredObject Deleted => _deleted ??= (Previous ?? throw new InvalidOperationException("a new object has no previous content")).WithVersion(Version);
}

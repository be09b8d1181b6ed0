using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Storage;

/// <content>Versions and the window of changes that watches and lists can still reach.</content>
public sealed partial class ObjectStore
{
    /// <summary>Moves the counter on, as changes of types nobody watches do.</summary>
    public void AdvanceTo(long version)
    {
        lock (_lock)
        {
            _version = Math.Max(_version, version);
        }
    }

    /// <summary>Lets bookmarks of a type carry the newest version, beyond that of any object of the type (kubernetes-wire.md 3.3).</summary>
    public void ReportProgress(ResourceType type)
    {
        lock (_lock)
        {
            _tables[type].Progress = _version;
        }
    }

    /// <summary>As a restart of the server: the changes up to now cannot be watched any more, the objects stay.</summary>
    public void ForgetHistory()
    {
        lock (_lock)
        {
            ForgetHistoryLocked(compact: false);
        }
    }

    /// <summary>
    /// As a restart of the server in a living cluster: other types have moved the counter on meanwhile, so that no version
    /// from before can be watched.
    /// </summary>
    public void Restart()
    {
        lock (_lock)
        {
            _version++;
            ForgetHistoryLocked(compact: false);
        }
    }

    /// <summary>The objects and the version of now.</summary>
    public StoreState Save()
    {
        lock (_lock)
        {
            return new(_version, _tables.ToDictionary(pair => pair.Key, pair => pair.Value.Objects.Values.ToArray()));
        }
    }

    /// <summary>As a restore of etcd: objects and counter are those of before. Watches that still run would miss it: end them.</summary>
    public void RollBackTo(StoreState state)
    {
        lock (_lock)
        {
            _version = state.Version;
            foreach ((ResourceType type, StoredObject[] objects) in state.Objects)
            {
                _tables[type].Reset(objects, state.Version);
            }
        }

        Announce();
    }

    /// <summary>As a compaction of etcd: older versions cannot be listed either; continue tokens of theirs expire.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            ForgetHistoryLocked(compact: true);
        }
    }

    /// <summary>Completes at the next change, or when <see cref="Announce"/> is called for another reason.</summary>
    internal Task Changed => Volatile.Read(ref _changed).Task;

    internal void Announce() =>
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>A view of a type's table under the lock.</summary>
    internal T Read<T>(ResourceType type, Func<ResourceTable, long, T> view)
    {
        lock (_lock)
        {
            return view(_tables[type], _version);
        }
    }

    internal bool TryReadChanges(ResourceType type, ref long position, List<StoreEvent> target, int limit)
    {
        lock (_lock)
        {
            return _tables[type].TryRead(ref position, target, limit);
        }
    }

    private void ForgetHistoryLocked(bool compact)
    {
        foreach (ResourceTable table in _tables.Values)
        {
            table.WatchFloor = _version;
            table.Progress = _version;
            if (compact)
            {
                table.ListFloor = _version;
            }
        }
    }
}

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

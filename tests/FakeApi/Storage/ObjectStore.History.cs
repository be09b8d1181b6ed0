using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Storage;

/// <content>Versions, and the window of changes that watches and lists can still use.</content>
public sealed partial class ObjectStore
{
    /// <summary>Advances the version counter, as changes of other resources do.</summary>
    public void AdvanceTo(long version)
    {
        lock (_lock)
        {
            _version = Math.Max(_version, version);
        }
    }

    /// <summary>Sets the version in bookmarks of a type to the newest version, even if no object of the type has it (kubernetes-wire.md 3.3).</summary>
    public void ReportProgress(ResourceType type)
    {
        lock (_lock)
        {
            _tables[type].Progress = _version;
        }
    }

    /// <summary>Simulates a restart of the server: earlier changes can no longer be watched; the objects stay.</summary>
    public void ForgetHistory()
    {
        lock (_lock)
        {
            ForgetHistoryLocked(compact: false);
        }
    }

    /// <summary>
    /// Simulates a restart of the server in an active cluster: changes of other resources have advanced the version counter, so
    /// that no earlier version can be watched.
    /// </summary>
    public void Restart()
    {
        lock (_lock)
        {
            _version++;
            ForgetHistoryLocked(compact: false);
        }
    }

    /// <summary>The current objects and version.</summary>
    public StoreState Save()
    {
        lock (_lock)
        {
            return new(_version, _tables.ToDictionary(pair => pair.Key, pair => pair.Value.Objects.Values.ToArray()));
        }
    }

    /// <summary>Simulates a restore of etcd: objects and version counter are those of an earlier state. Running watches do not notice it and have to be ended.</summary>
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

        WakeWatches();
    }

    /// <summary>Simulates a compaction of etcd: older versions can no longer be listed, and their continue tokens expire.</summary>
    public void Compact()
    {
        lock (_lock)
        {
            ForgetHistoryLocked(compact: true);
        }
    }

    /// <summary>Completes at the next change, or at the next <see cref="WakeWatches"/>.</summary>
    internal Task Changed => Volatile.Read(ref _changed).Task;

    internal void WakeWatches() =>
        Interlocked.Exchange(ref _changed, new(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    /// <summary>Reads a type's table under the lock.</summary>
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

/// <summary>A saved state of objects and version.</summary>
public sealed class StoreState
{
    internal StoreState(long version, IReadOnlyDictionary<ResourceType, StoredObject[]> objects)
    {
        Version = version;
        Objects = objects;
    }

    /// <summary>The newest resourceVersion of the state.</summary>
    public long Version { get; }

    internal IReadOnlyDictionary<ResourceType, StoredObject[]> Objects { get; }
}

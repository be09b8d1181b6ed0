using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// What a watch reported of one resource and the sync loop has not taken yet; of several reports on one object only the
/// last is kept. Filled by the task that reads the stream, which never waits for rules to be written.
/// </summary>
/// <typeparam name="T">The input type.</typeparam>
/// <param name="nameOf">The name of an object.</param>
/// <param name="noted">Called with each report, with the number of objects that wait.</param>
/// <param name="changed">Called when there is something to take after the first listing, and at each end of a listing.</param>
internal sealed class PendingObjects<T>(Func<T, NamespacedName> nameOf, Action<int> noted, Action changed) : IResourceSink<T>
    where T : class
{
    private readonly Lock _gate = new();
    private Dictionary<NamespacedName, T?> _pending = [];
    private volatile bool _isListed;

    /// <summary>Whether everything that the source has was reported at least once.</summary>
    public bool IsListed => _isListed;

    /// <summary>Number of objects that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _pending.Count;
            }
        }
    }

    /// <inheritdoc/>
    public void Put(T value) => Note(nameOf(value), value);

    /// <inheritdoc/>
    public void Remove(NamespacedName name) => Note(name, null);

    /// <inheritdoc/>
    public void Listed()
    {
        _isListed = true;
        changed();
    }

    /// <summary>Takes what waits: the objects by name, null for those that are gone.</summary>
    public IReadOnlyDictionary<NamespacedName, T?> Take()
    {
        lock (_gate)
        {
            Dictionary<NamespacedName, T?> taken = _pending;
            _pending = [];
            return taken;
        }
    }

    /// <summary>Puts back what was taken and could not be used; what was reported since is newer and stays.</summary>
    public void PutBack(IReadOnlyDictionary<NamespacedName, T?> taken)
    {
        lock (_gate)
        {
            foreach ((NamespacedName name, T? value) in taken)
            {
                _pending.TryAdd(name, value);
            }
        }
    }

    private void Note(NamespacedName name, T? value)
    {
        int count;
        lock (_gate)
        {
            _pending[name] = value;
            count = _pending.Count;
        }

        noted(count);
        if (_isListed)
        {
            changed();
        }
    }
}

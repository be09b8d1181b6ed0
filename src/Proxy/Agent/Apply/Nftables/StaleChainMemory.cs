namespace KubeProxySharp.Proxy.Agent.Apply.Nftables;

/// <summary>
/// The chains that are empty and wait to be deleted. Kernels before 6.2 release the reference of a deleted map element only
/// some time after the commit (spec 6.8).
/// </summary>
internal sealed class StaleChainMemory(TimeProvider time)
{
    /// <summary>How long a chain waits at least; longer after a failure.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait of chains that could not be deleted.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(5);

    private readonly List<(string Chain, long Since)> _chains = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    private TimeSpan _wait = Wait;

    /// <summary>How long until the first of them may be deleted; null when none waits.</summary>
    public TimeSpan? UntilDue
    {
        get
        {
            if (_chains.Count == 0)
            {
                return null;
            }

            TimeSpan left = _wait - time.GetElapsedTime(_chains.Min(static item => item.Since));
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }

    /// <summary>Number of chains that wait.</summary>
    public int Count => _chains.Count;

    /// <summary>Adds chains, in an order in which they can be deleted.</summary>
    public void Add(IEnumerable<string> chains)
    {
        long now = time.GetTimestamp();
        foreach (string chain in chains)
        {
            if (_names.Add(chain))
            {
                _chains.Add((chain, now));
            }
        }
    }

    /// <summary>Forgets chains that are in use again.</summary>
    /// <returns>Those of them that waited, in an order in which they can be deleted.</returns>
    public IReadOnlyList<string> Forget(IEnumerable<string> chains)
    {
        HashSet<string> gone = new(StringComparer.Ordinal);
        foreach (string chain in chains)
        {
            if (_names.Remove(chain))
            {
                gone.Add(chain);
            }
        }

        if (gone.Count == 0)
        {
            return [];
        }

        string[] forgotten = [.. _chains.Where(item => gone.Contains(item.Chain)).Select(item => item.Chain)];
        _chains.RemoveAll(item => gone.Contains(item.Chain));
        return forgotten;
    }

    /// <summary>Forgets all but some.</summary>
    public void KeepOnly(IReadOnlyCollection<string> chains)
    {
        HashSet<string> kept = new(chains, StringComparer.Ordinal);
        Forget([.. _names.Where(name => !kept.Contains(name))]);
    }

    /// <summary>Forgets all.</summary>
    public void Clear()
    {
        _chains.Clear();
        _names.Clear();
    }

    /// <summary>Says that what was taken out is deleted.</summary>
    public void Deleted() => _wait = Wait;

    /// <summary>Puts back what was taken out and could not be deleted; it is tried again after twice the time, at most five minutes.</summary>
    public void Stayed(IEnumerable<string> chains)
    {
        _wait = 2 * _wait < s_longestWait ? 2 * _wait : s_longestWait;
        Add(chains);
    }

    /// <summary>Takes out those that waited long enough.</summary>
    public IReadOnlyList<string> TakeDue()
    {
        long now = time.GetTimestamp();
        string[] due = [.. _chains.Where(item => time.GetElapsedTime(item.Since, now) >= _wait).Select(item => item.Chain)];
        Forget(due);
        return due;
    }
}

using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Which Services under suspicion are tried together next. Few of many are refused as a rule, so groups are large while
/// they are taken and small where they are refused; a group that is refused is halved until one Service is left. What was
/// learned is never thrown away, however long it takes.
/// </summary>
internal sealed class BisectionGroups
{
    private const int LargestGroup = 1024;

    /// <summary>The first group is this part of all, so that one refused Service does not hold up half of the others.</summary>
    private const int FirstPart = 16;

    /// <summary>
    /// Where many groups are tried in one go. A process of iptables-restore takes some 10 ms and ends at each refusal, a
    /// transaction of the nft variant 1 to 3 ms: few Services in each make both rare.
    /// </summary>
    private const int SmallGroup = 16;

    private const int MostGroups = 64;

    private readonly LinkedList<NamespacedName> _pool = [];
    private readonly Stack<NamespacedName[]> _refused = new();
    private readonly LinkedList<NamespacedName> _alone = [];
    private readonly Dictionary<NamespacedName, LinkedListNode<NamespacedName>> _aloneNodes = [];
    private readonly HashSet<NamespacedName> _known = [];
    private NamespacedName[] _sibling = [];
    private int _size = 1;

    /// <summary>Number of Services that wait.</summary>
    public int Count => _known.Count;

    /// <summary>Adds Services.</summary>
    /// <param name="suspects">All of them; those that wait already are passed over.</param>
    /// <param name="named">Those among them that the tool named: they are tried first, each alone.</param>
    public void Add(IEnumerable<NamespacedName> suspects, IReadOnlyCollection<NamespacedName> named)
    {
        foreach (NamespacedName name in named)
        {
            AddAlone(name);
        }

        foreach (NamespacedName name in suspects)
        {
            if (_known.Add(name))
            {
                _pool.AddLast(name);
            }
        }

        // Once those that were named are out of the way, the others are probably sound.
        _size = Math.Clamp(named.Count != 0 ? _pool.Count : _pool.Count / FirstPart, 1, LargestGroup);
    }

    /// <summary>Adds a Service that is tried alone, before the others.</summary>
    public void AddAlone(NamespacedName name)
    {
        if (_known.Add(name))
        {
            WillBeAlone(name);
        }
    }

    /// <summary>The next group; it is reported as taken, refused or returned before the next one is asked for.</summary>
    public NamespacedName[] Next()
    {
        if (_alone.First is { } alone)
        {
            return [alone.Value];
        }

        if (_refused.TryPop(out NamespacedName[]? refused))
        {
            int half = refused.Length / 2;
            _sibling = refused[half..];
            return refused[..half];
        }

        return TakeFromPool(_size);
    }

    /// <summary>
    /// The next groups, where it costs little to try many small ones: Services that are tried alone, then small groups. All of
    /// them are reported before the next call: as taken, as refused (<see cref="RefusedAmongMany"/>) or by <see cref="ReturnMany"/>.
    /// </summary>
    public IReadOnlyList<NamespacedName[]> NextMany()
    {
        while (_refused.TryPop(out NamespacedName[]? refused))
        {
            PutBack(refused);
        }

        List<NamespacedName[]> groups = [.. _alone.Take(MostGroups).Select(static name => (NamespacedName[])[name])];
        while (groups.Count < MostGroups && _pool.Count != 0)
        {
            groups.Add(TakeFromPool(SmallGroup));
        }

        return groups;
    }

    /// <summary>Nothing was learned of some of the groups that <see cref="NextMany"/> gave.</summary>
    public void ReturnMany(IReadOnlyList<NamespacedName[]> groups)
    {
        foreach (NamespacedName[] group in groups.Reverse())
        {
            if (!IsAlone(group))
            {
                PutBack(group);
            }
        }
    }

    /// <summary>The kernel refuses a group that <see cref="NextMany"/> gave: its Services are tried alone next.</summary>
    /// <returns>Whether the group is a single Service, which is the culprit then; it no longer waits.</returns>
    public bool RefusedAmongMany(NamespacedName[] group)
    {
        if (group.Length == 1)
        {
            return Refused(group);
        }

        Array.ForEach(group, WillBeAlone);
        return false;
    }

    /// <summary>The kernel takes the group.</summary>
    public void Taken(NamespacedName[] group)
    {
        _known.ExceptWith(group);
        if (IsAlone(group))
        {
            NoLongerAlone(group[0]);
            return;
        }

        // Its other half is the one that is refused, and needs no trial of its own unless it is a single Service.
        NamespacedName[] sibling = TakeSibling();
        if (sibling.Length > 1)
        {
            _refused.Push(sibling);
        }
        else if (sibling.Length == 1)
        {
            WillBeAlone(sibling[0]);
        }
        else
        {
            _size = Math.Min(_size * 2, LargestGroup);
        }
    }

    /// <summary>The kernel refuses the group.</summary>
    /// <returns>Whether the group is a single Service, which is the culprit then; it no longer waits.</returns>
    public bool Refused(NamespacedName[] group)
    {
        if (IsAlone(group))
        {
            NoLongerAlone(group[0]);
            _known.Remove(group[0]);
            return true;
        }

        // Of its other half nothing is known now.
        NamespacedName[] sibling = TakeSibling();
        PutBack(sibling);
        if (group.Length == 1)
        {
            _known.Remove(group[0]);
            return true;
        }

        if (sibling.Length == 0)
        {
            _size = Math.Max(_size / 2, 1);
        }

        _refused.Push(group);
        return false;
    }

    /// <summary>Nothing was learned of the group.</summary>
    public void Return(NamespacedName[] group)
    {
        if (IsAlone(group))
        {
            return;
        }

        NamespacedName[] sibling = TakeSibling();
        if (sibling.Length != 0)
        {
            _refused.Push([.. group, .. sibling]);
            return;
        }

        PutBack(group);
    }

    private NamespacedName[] TakeFromPool(int most)
    {
        List<NamespacedName> group = [];
        while (group.Count < most && _pool.First is { } first)
        {
            group.Add(first.Value);
            _pool.RemoveFirst();
        }

        return [.. group];
    }

    private void PutBack(NamespacedName[] group)
    {
        for (int index = group.Length - 1; index >= 0; index--)
        {
            _known.Add(group[index]);
            _pool.AddFirst(group[index]);
        }
    }

    private bool IsAlone(NamespacedName[] group) => group.Length == 1 && _aloneNodes.ContainsKey(group[0]);

    private void WillBeAlone(NamespacedName name) => _aloneNodes[name] = _alone.AddLast(name);

    private void NoLongerAlone(NamespacedName name)
    {
        _aloneNodes.Remove(name, out LinkedListNode<NamespacedName>? node);
        _alone.Remove(node!);
    }

    private NamespacedName[] TakeSibling()
    {
        NamespacedName[] sibling = _sibling;
        _sibling = [];
        return sibling;
    }
}

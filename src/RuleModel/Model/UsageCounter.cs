using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>Counts how many service ports use each item, and reports the items whose use began or ended.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
internal sealed class UsageCounter<T>
    where T : notnull, IComparable<T>
{
    private readonly Dictionary<T, int> _counts = [];
    private readonly Dictionary<T, bool> _wasUsed = [];

    public void Add(T item) => Change(item, 1);

    public void Remove(T item) => Change(item, -1);

    /// <summary>The difference since the last call.</summary>
    public UsageDelta<T> TakeDelta()
    {
        List<T> added = [];
        List<T> removed = [];
        foreach ((T item, bool wasUsed) in _wasUsed)
        {
            bool isUsed = _counts.ContainsKey(item);
            if (isUsed != wasUsed)
            {
                (isUsed ? added : removed).Add(item);
            }
        }

        _wasUsed.Clear();
        added.Sort();
        removed.Sort();
        return new(EquatableArray.CopyOf(added), EquatableArray.CopyOf(removed));
    }

    private void Change(T item, int by)
    {
        int count = _counts.GetValueOrDefault(item);
        _wasUsed.TryAdd(item, count > 0);
        if (count + by == 0)
        {
            _counts.Remove(item);
        }
        else
        {
            _counts[item] = count + by;
        }
    }
}

/// <summary>The items, each possibly shared by several service ports, whose use began or ended.</summary>
/// <typeparam name="T">The type of the items.</typeparam>
/// <param name="Added">In use now and not before, ordered.</param>
/// <param name="Removed">In use before and not now, ordered.</param>
public readonly record struct UsageDelta<T>(EquatableArray<T> Added, EquatableArray<T> Removed);

using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Shares arrays of one element, which repeat in a cluster: zone hints, IP families, ports of slices. Bounded.</summary>
/// <typeparam name="T">The element.</typeparam>
internal sealed class SharedSingletons<T>
    where T : notnull
{
    private const int MaxCount = 4096;

    private readonly Dictionary<T, EquatableArray<T>> _singles = [];

    /// <summary>The items as an array; a single one is shared.</summary>
    public EquatableArray<T> ArrayOf(List<T> items)
    {
        if (items.Count != 1)
        {
            return EquatableArray.CopyOf(items);
        }

        if (!_singles.TryGetValue(items[0], out EquatableArray<T> shared))
        {
            shared = [items[0]];
            if (_singles.Count < MaxCount)
            {
                _singles.Add(items[0], shared);
            }
        }

        return shared;
    }
}

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Gives each of some things once, in random order, before it gives one again: none is left out by chance.</summary>
/// <param name="random">The source of chance.</param>
/// <param name="things">The things.</param>
internal sealed class Deck<T>(Random random, IReadOnlyList<T> things)
{
    private readonly List<T> _left = [];

    /// <summary>The next thing.</summary>
    public T Next() => Next(static _ => true)!; // every thing fits

    /// <summary>The next thing that fits; the others wait for their turn. None if there is none.</summary>
    public T? Next(Func<T, bool> isFitting)
    {
        int index = _left.FindIndex(thing => isFitting(thing));
        if (index < 0)
        {
            T[] shuffled = [.. things];
            random.Shuffle(shuffled);
            _left.AddRange(shuffled);
            index = _left.FindIndex(thing => isFitting(thing));
        }

        if (index < 0)
        {
            return default;
        }

        T next = _left[index];
        _left.RemoveAt(index);
        return next;
    }
}

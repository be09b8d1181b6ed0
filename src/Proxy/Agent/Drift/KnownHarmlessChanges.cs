namespace KubeProxySharp.Proxy.Agent.Drift;

/// <summary>
/// Changes of sizes after which our rules were found intact, and the same undone: most likely those of a program that
/// adds and removes rules of its own again and again. Not for use by several threads.
/// </summary>
internal sealed class KnownHarmlessChanges
{
    /// <summary>More than a program that repeats its changes makes; beyond it, all are forgotten and learned again.</summary>
    private const int MostChanges = 256;

    private readonly HashSet<string> _known = [];
    private readonly HashSet<string> _seen = [];

    /// <summary>Records a change.</summary>
    /// <returns>Whether our rules were intact after the same change before.</returns>
    public bool Take(LegacySizes before, LegacySizes after)
    {
        string change = after.Since(before);
        if (_known.Contains(change))
        {
            return true;
        }

        if (_seen.Count < MostChanges)
        {
            _seen.Add(change);
            _seen.Add(before.Since(after));
        }

        return false;
    }

    /// <summary>The changes recorded so far; for <see cref="Learn"/> if a check that begins now finds nothing.</summary>
    public string[] Begin()
    {
        string[] seen = [.. _seen];
        _seen.Clear();
        return seen;
    }

    /// <summary>Our rules were intact after these changes.</summary>
    public void Learn(IReadOnlyCollection<string> changes)
    {
        if (_known.Count + changes.Count > MostChanges)
        {
            _known.Clear();
        }

        _known.UnionWith(changes);
    }
}

using System.Text;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// The names of the objects that a watch has reported, without the objects. A repeated event of an object finds its name
/// here by its bytes, so that each name is one string however often the object changes; after a list the table
/// has the objects that no longer exist (wire notes 3.7).
/// </summary>
/// <param name="pool">Shares the namespaces.</param>
internal sealed class NameTable(Utf8StringPool pool)
{
    private readonly Dictionary<NamespacedName, int> _listingByName = new(NameComparer.Instance);
    private int _listing;

    /// <summary>Number of names.</summary>
    public int Count => _listingByName.Count;

    /// <summary>The name with these bytes: the known string, or a new one, which is not added.</summary>
    public NamespacedName Resolve(ReadOnlySpan<byte> space, ReadOnlySpan<byte> name)
    {
        Dictionary<NamespacedName, int>.AlternateLookup<Utf8Name> lookup = _listingByName.GetAlternateLookup<Utf8Name>();
        return lookup.TryGetValue(new Utf8Name(space, name), out NamespacedName known, out _)
            ? known
            : new(pool.Get(space), Encoding.UTF8.GetString(name));
    }

    /// <summary>Begins a new list: names that are not marked from now on no longer exist.</summary>
    public void BeginListing() => _listing++;

    /// <summary>Marks an existing object.</summary>
    public void Mark(NamespacedName name) => _listingByName[name] = _listing;

    /// <summary>Marks an object that exists but cannot be decoded, if it is known.</summary>
    public void Keep(NamespacedName name)
    {
        if (_listingByName.ContainsKey(name))
        {
            Mark(name);
        }
    }

    /// <summary>Removes a deleted object.</summary>
    /// <returns>Whether it was known.</returns>
    public bool Remove(NamespacedName name) => _listingByName.Remove(name);

    /// <summary>Removes and returns the names that the last list did not mark.</summary>
    public IReadOnlyList<NamespacedName> TakeVanished()
    {
        List<NamespacedName> vanished = [];
        foreach ((NamespacedName name, int listing) in _listingByName)
        {
            if (listing != _listing)
            {
                vanished.Add(name);
            }
        }

        foreach (NamespacedName name in vanished)
        {
            _listingByName.Remove(name);
        }

        return vanished;
    }
}

using System.Text;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// The names of the objects that a watch has reported, without the objects. A repeated event of an object finds its name
/// here by its bytes, so that each name is one string however often the object changes; after a listing the table tells
/// what has vanished (wire notes 3.7).
/// </summary>
/// <param name="pool">Shares the namespaces.</param>
internal sealed class NameTable(Utf8StringPool pool)
{
    private readonly Dictionary<NamespacedName, int> _listingByName = new(NameComparer.Instance);
    private int _listing;

    /// <summary>Number of names.</summary>
    public int Count => _listingByName.Count;

    /// <summary>The name with these bytes: the known one, or a new one that is not known yet.</summary>
    public NamespacedName Resolve(ReadOnlySpan<byte> space, ReadOnlySpan<byte> name)
    {
        Dictionary<NamespacedName, int>.AlternateLookup<Utf8Name> lookup = _listingByName.GetAlternateLookup<Utf8Name>();
        return lookup.TryGetValue(new Utf8Name(space, name), out NamespacedName known, out _)
            ? known
            : new(pool.Get(space), Encoding.UTF8.GetString(name));
    }

    /// <summary>A new listing begins: every name that is not marked from now on has vanished.</summary>
    public void BeginListing() => _listing++;

    /// <summary>The object is there.</summary>
    public void Mark(NamespacedName name) => _listingByName[name] = _listing;

    /// <summary>An object that cannot be read is there: if it is known it has not vanished.</summary>
    public void Keep(NamespacedName name)
    {
        if (_listingByName.ContainsKey(name))
        {
            Mark(name);
        }
    }

    /// <summary>The object is gone.</summary>
    /// <returns>Whether it was known.</returns>
    public bool Remove(NamespacedName name) => _listingByName.Remove(name);

    /// <summary>Forgets what the listing that has just ended did not mark, and returns it.</summary>
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

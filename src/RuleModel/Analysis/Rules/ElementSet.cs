using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A set of keys, each the texts of its parts joined by <c> . </c>, as nft lists them.</summary>
/// <param name="name">Its name; empty for an anonymous set.</param>
public sealed class ElementSet(string name)
{
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private Dictionary<(int Position, string Others), List<IpAddress>>? _byRest;

    /// <summary>The name; empty for an anonymous set.</summary>
    public string Name { get; } = name;

    /// <summary>The keys.</summary>
    public IReadOnlyCollection<string> Keys => _keys;

    /// <summary>Seconds after which keys expire, for a set of known clients (session affinity); 0 for any other.</summary>
    public int ExpirySeconds { get; init; }

    /// <summary>Adds a key.</summary>
    public void Add(string key) => _keys.Add(key);

    /// <summary>Whether a key is in the set.</summary>
    public bool Contains(string key) => _keys.Contains(key);

    /// <summary>The addresses at one position of the keys whose other parts are given.</summary>
    /// <param name="position">The position of the address.</param>
    /// <param name="rest">The other parts, joined.</param>
    public IReadOnlyList<IpAddress> AddressesWith(int position, string rest) =>
        (_byRest ??= Index()).GetValueOrDefault((position, rest), []);

    private Dictionary<(int Position, string Others), List<IpAddress>> Index()
    {
        Dictionary<(int Position, string Others), List<IpAddress>> byRest = [];
        foreach (string key in _keys)
        {
            string[] parts = key.Split(" . ");
            for (int position = 0; position < parts.Length; position++)
            {
                if (!IpAddress.TryParse(parts[position], out IpAddress address))
                {
                    continue;
                }

                string rest = string.Join(" . ", parts.Where((_, index) => index != position));
                if (!byRest.TryGetValue((position, rest), out List<IpAddress>? addresses))
                {
                    addresses = [];
                    byRest.Add((position, rest), addresses);
                }

                addresses.Add(address);
            }
        }

        return byRest;
    }
}

/// <summary>One part of the key that a set or map is looked up by.</summary>
/// <param name="Field">Where the value comes from.</param>
/// <param name="Modulus">n of <see cref="PacketField.Random"/>; 0 for the others.</param>
public readonly record struct KeyPart(PacketField Field, int Modulus = 0);

/// <summary>A map from keys to DNAT targets.</summary>
/// <param name="name">Its name; empty for an anonymous map.</param>
public sealed class TargetMap(string name)
{
    private readonly Dictionary<string, EndpointAddress> _targets = new(StringComparer.Ordinal);

    /// <summary>The name; empty for an anonymous map.</summary>
    public string Name { get; } = name;

    /// <summary>The elements.</summary>
    public IReadOnlyDictionary<string, EndpointAddress> Targets => _targets;

    /// <summary>Adds an element.</summary>
    public void Add(string key, EndpointAddress target) => _targets[key] = target;
}

/// <summary>A verdict map: each key leads to a verdict, a rejection, or a jump to a chain.</summary>
/// <param name="name">Its name; empty for an anonymous map.</param>
public sealed class VerdictMap(string name)
{
    private readonly Dictionary<string, RuleStep> _steps = new(StringComparer.Ordinal);

    /// <summary>The name; empty for an anonymous map.</summary>
    public string Name { get; } = name;

    /// <summary>The elements.</summary>
    public IReadOnlyDictionary<string, RuleStep> Steps => _steps;

    /// <summary>Adds an element.</summary>
    public void Add(string key, RuleStep step) => _steps[key] = step;
}

using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Walk;

/// <summary>A chain of rules. Not changed any more once a walk has gone through it.</summary>
/// <param name="name">Its name.</param>
public sealed partial class WalkChain(string name)
{
    /// <summary>From this many rules on, rules are found by their destination instead of being tried one by one.</summary>
    private const int IndexThreshold = 32;

    private Dictionary<IpAddress, List<int>>? _byDestination;
    private List<int>? _others;

    /// <summary>The name.</summary>
    public string Name { get; } = name;

    /// <summary>The rules.</summary>
    public List<WalkRule> Rules => Volatile.Read(ref _rules) ?? MakeRules();

    /// <summary>The hook of a base chain; null for others.</summary>
    public Hook? Hook { get; init; }

    /// <summary>The priority of a base chain: lower comes first.</summary>
    public int Priority { get; init; }

    /// <summary>Whether a base chain rewrites addresses, and so sees only the first packet of a connection.</summary>
    public bool IsNat { get; init; }

    /// <summary>What becomes of packets at the end of a base chain.</summary>
    public WalkVerdict Policy { get; init; } = WalkVerdict.Accept;

    /// <summary>The positions of rules that may match a destination, in order.</summary>
    public IEnumerable<int> Candidates(IpAddress destination)
    {
        if (Rules.Count < IndexThreshold)
        {
            return Enumerable.Range(0, Rules.Count);
        }

        Dictionary<IpAddress, List<int>> index = _byDestination ??= BuildIndex();
        return index.TryGetValue(destination, out List<int>? own) ? Merge(own, _others!) : _others!; // set with the index
    }

    private static List<int> Merge(List<int> left, List<int> right)
    {
        List<int> merged = [.. left, .. right];
        merged.Sort();
        return merged;
    }

    private Dictionary<IpAddress, List<int>> BuildIndex()
    {
        Dictionary<IpAddress, List<int>> index = [];
        List<int> others = [];
        for (int position = 0; position < Rules.Count; position++)
        {
            if (Rules[position].Destination is not { } destination)
            {
                others.Add(position);
                continue;
            }

            if (!index.TryGetValue(destination, out List<int>? positions))
            {
                positions = [];
                index.Add(destination, positions);
            }

            positions.Add(position);
        }

        _others = others;
        return index;
    }
}

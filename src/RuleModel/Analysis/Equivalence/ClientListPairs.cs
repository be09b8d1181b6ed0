using System.Collections.Concurrent;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Which lists of clients of two rule sets stand for each other. Lists are taken for the same by the endpoint that they
/// remember. Where several Services have one endpoint, they must also be the same for each: two rule sets differ if one list
/// of the first stands for two of the second, or the other way round. Used by many threads.
/// </summary>
internal sealed class ClientListPairs
{
    /// <summary>Each pair with the number of the first destination at which it was found; -1 for rules that are equal.</summary>
    private readonly ConcurrentDictionary<(string A, string B), int> _pairs = new();

    /// <summary>Notes the lists that stand for each other in conditions of paths to a destination.</summary>
    /// <param name="conditions">The conditions.</param>
    /// <param name="destination">The number of the destination.</param>
    public void Note(IReadOnlyList<PathCondition> conditions, int destination)
    {
        foreach (PathCondition condition in conditions)
        {
            if (condition.ListA is { } a && condition.ListB is { } b)
            {
                _pairs.AddOrUpdate((a, b), destination, (_, known) => Math.Min(known, destination));
            }
        }
    }

    /// <summary>Finds lists that stand for a second one: the destination at which that was found, and the two that are one on one side only.</summary>
    /// <param name="same">Lists that stand for themselves at destinations that were not walked because their rules are equal.</param>
    public IReadOnlyList<(int Destination, string A, string B)> FindMixed(IEnumerable<string> same)
    {
        foreach (string list in same)
        {
            _pairs.TryAdd((list, list), -1);
        }

        List<(int, string, string)> mixed = [];
        Dictionary<string, string> aToB = new(StringComparer.Ordinal);
        Dictionary<string, string> bToA = new(StringComparer.Ordinal);
        foreach (((string a, string b), int destination) in _pairs.OrderBy(pair => pair.Value).ThenBy(pair => pair.Key.A, StringComparer.Ordinal).ThenBy(pair => pair.Key.B, StringComparer.Ordinal))
        {
            aToB.TryAdd(a, b);
            bToA.TryAdd(b, a);
            if (aToB[a] != b)
            {
                mixed.Add((destination, a, aToB[a]));
            }
            else if (bToA[b] != a)
            {
                mixed.Add((destination, bToA[b], b));
            }
        }

        return mixed;
    }
}

namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Cuts sets of numbers at all their edges, and says which sets each segment is in.</summary>
internal static class RangeSegments
{
    /// <summary>Cuts.</summary>
    /// <param name="sets">The sets, each ordered.</param>
    /// <returns>A segment for each combination of sets that occurs, with the indexes of the sets.</returns>
    public static List<(AddressRange Segment, List<int> Sets)> Cut(List<AddressRange[]> sets)
    {
        List<UInt128> edges = [];
        foreach (AddressRange[] set in sets)
        {
            foreach (AddressRange range in set)
            {
                edges.Add(range.First);

                // The last of all addresses has none after it; it is the edge of nothing then.
                edges.Add(range.Last == UInt128.MaxValue ? range.Last : range.Last + 1);
            }
        }

        edges.Sort();
        int count = 0;
        for (int index = 0; index < edges.Count; index++)
        {
            if (count == 0 || edges[index] != edges[count - 1])
            {
                edges[count++] = edges[index];
            }
        }

        edges.RemoveRange(count, edges.Count - count);
        List<int>?[] inside = new List<int>?[edges.Count];
        for (int set = 0; set < sets.Count; set++)
        {
            foreach (AddressRange range in sets[set])
            {
                int from = edges.BinarySearch(range.First);
                int to = range.Last == UInt128.MaxValue ? edges.Count : edges.BinarySearch(range.Last + 1);
                for (int segment = from; segment < to; segment++)
                {
                    (inside[segment] ??= []).Add(set);
                }
            }
        }

        return Join(edges, inside);
    }

    /// <summary>Segments that are in the same sets are alike: the widest stands for all.</summary>
    private static List<(AddressRange Segment, List<int> Sets)> Join(List<UInt128> edges, List<int>?[] inside)
    {
        Dictionary<int, List<int>> byHash = [];
        List<(AddressRange Segment, List<int> Sets)> segments = [];
        for (int index = 0; index < inside.Length; index++)
        {
            if (inside[index] is not { } sets)
            {
                continue;
            }

            AddressRange segment = new(edges[index], index + 1 < edges.Count ? edges[index + 1] - 1 : UInt128.MaxValue);
            HashCode hash = default;
            foreach (int set in sets)
            {
                hash.Add(set);
            }

            int key = hash.ToHashCode();
            if (!byHash.TryGetValue(key, out List<int>? candidates))
            {
                candidates = [];
                byHash.Add(key, candidates);
            }

            int same = candidates.FindIndex(candidate => segments[candidate].Sets.SequenceEqual(sets));
            if (same < 0)
            {
                candidates.Add(segments.Count);
                segments.Add((segment, sets));
            }
            else if (segment.Last - segment.First > segments[candidates[same]].Segment.Last - segments[candidates[same]].Segment.First)
            {
                segments[candidates[same]] = (segment, sets);
            }
        }

        return segments;
    }
}

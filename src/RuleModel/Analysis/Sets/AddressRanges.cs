namespace KubeProxySharp.RuleModel.Analysis.Sets;

/// <summary>Operations on lists of <see cref="AddressRange"/>.</summary>
public static class AddressRanges
{
    /// <summary>The same addresses as the fewest ranges, ordered.</summary>
    public static List<AddressRange> Normalize(IEnumerable<AddressRange> ranges)
    {
        List<AddressRange> sorted = [.. ranges];
        sorted.Sort();
        List<AddressRange> merged = [];
        foreach (AddressRange range in sorted)
        {
            bool touchesLast = merged.Count != 0 && (merged[^1].Last == UInt128.MaxValue || range.First <= merged[^1].Last + 1);
            if (touchesLast)
            {
                merged[^1] = merged[^1] with { Last = UInt128.Max(merged[^1].Last, range.Last) };
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged;
    }

    /// <summary>Splits a range into the parts that are inside some ranges and those that are outside.</summary>
    /// <param name="range">The range.</param>
    /// <param name="others">The other ranges, in any order.</param>
    /// <param name="inside">Receives the parts inside.</param>
    /// <param name="outside">Receives the parts outside.</param>
    public static void Split(AddressRange range, ReadOnlySpan<AddressRange> others, List<AddressRange> inside, List<AddressRange> outside)
    {
        List<AddressRange> cuts = [];
        foreach (AddressRange other in others)
        {
            if (other.Overlaps(range))
            {
                cuts.Add(new(UInt128.Max(other.First, range.First), UInt128.Min(other.Last, range.Last)));
            }
        }

        UInt128 next = range.First;
        bool isDone = false;
        foreach (AddressRange cut in Normalize(cuts))
        {
            if (cut.First > next)
            {
                outside.Add(new(next, cut.First - 1));
            }

            inside.Add(cut);
            isDone = cut.Last == range.Last;
            next = isDone ? next : cut.Last + 1;
        }

        if (!isDone)
        {
            outside.Add(new(next, range.Last));
        }
    }
}

using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The addresses that networks with exceptions match: the smallest network that has an address decides (ipset(8), nomatch).</summary>
internal static class MatchedRanges
{
    /// <summary>Finds them.</summary>
    /// <param name="networks">Networks and single addresses, each two of which are nested or apart, unless none is an exception.</param>
    /// <returns>Ranges in ascending order.</returns>
    public static List<AddressRange> Of(IEnumerable<(AddressRange Range, bool IsException)> networks)
    {
        List<(AddressRange Range, bool IsException)> sorted = [.. networks.OrderBy(static network => network.Range.First).ThenByDescending(static network => network.Range.Last)];
        if (!sorted.Exists(static network => network.IsException))
        {
            return sorted.ConvertAll(static network => network.Range);
        }

        List<AddressRange> matched = [];
        Stack<(AddressRange Range, bool IsException)> open = [];
        UInt128 next = 0;
        bool isEnded = false;
        foreach ((AddressRange Range, bool IsException) network in sorted)
        {
            while (open.TryPeek(out (AddressRange Range, bool IsException) done) && done.Range.Last < network.Range.First)
            {
                Close();
            }

            if (open.TryPeek(out (AddressRange Range, bool IsException) around) && !around.IsException && next < network.Range.First)
            {
                matched.Add(new(next, network.Range.First - 1));
            }

            next = network.Range.First;
            open.Push(network);
        }

        while (open.Count != 0)
        {
            Close();
        }

        return matched;

        void Close()
        {
            (AddressRange range, bool isException) = open.Pop();
            if (isEnded || next > range.Last)
            {
                return;
            }

            if (!isException)
            {
                matched.Add(new(next, range.Last));
            }

            isEnded = range.Last == UInt128.MaxValue;
            next = isEnded ? next : range.Last + 1;
        }
    }
}

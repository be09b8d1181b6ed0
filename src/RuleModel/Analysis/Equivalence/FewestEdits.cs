namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Finds what was taken out of a long list and what was put in, where that is little: E. Myers, "An O(ND) Difference Algorithm
/// and Its Variations", 1986, the greedy algorithm. What is left of both lists is the same in the same order.
/// </summary>
/// <param name="countA">The length of the first list.</param>
/// <param name="countB">The length of the second.</param>
/// <param name="areSame">Whether an entry of the first list is one of the second.</param>
public sealed class FewestEdits(int countA, int countB, Func<int, int, bool> areSame)
{
    /// <summary>With more edits than this none are found.</summary>
    public const int Most = 400;

    private const int None = -1;

    /// <summary>For each number of edits, how far into the first list each diagonal came before; a diagonal is the position in the first less that in the second.</summary>
    private readonly List<int[]> _before = [];

    /// <summary>Finds them.</summary>
    /// <returns>The entries that only the first list has, and those that only the second has, in order; null if there are too many.</returns>
    public (List<int> OnlyA, List<int> OnlyB)? Find()
    {
        int[] reached = new int[(2 * Most) + 3];
        Array.Fill(reached, None);
        for (int edits = 0; edits <= Most; edits++)
        {
            _before.Add([.. reached]);
            for (int diagonal = -edits; diagonal <= edits; diagonal += 2)
            {
                int a = edits == 0 ? 0 : Enter(_before[edits], diagonal, out _);
                while (a != None && a < countA && a - diagonal < countB && areSame(a, a - diagonal))
                {
                    a++;
                }

                reached[Most + 1 + diagonal] = a;
                if (a == countA && a - diagonal == countB)
                {
                    return Trace(edits);
                }
            }
        }

        return null;
    }

    /// <summary>Where a diagonal is entered from its neighbours, as far as one more edit brings.</summary>
    private int Enter(int[] before, int diagonal, out bool isAdded)
    {
        int fromBelow = before[Most + diagonal];
        int fromAbove = before[Most + 2 + diagonal];
        int removed = fromBelow == None || fromBelow == countA ? None : fromBelow + 1;
        int added = fromAbove == None || fromAbove - diagonal > countB ? None : fromAbove;
        isAdded = added >= removed;
        return Math.Max(added, removed);
    }

    /// <summary>Goes back the way that was found.</summary>
    private (List<int> OnlyA, List<int> OnlyB) Trace(int edits)
    {
        List<int> onlyA = [];
        List<int> onlyB = [];
        int diagonal = countA - countB;
        for (; edits > 0; edits--)
        {
            int a = Enter(_before[edits], diagonal, out bool isAdded);
            if (isAdded)
            {
                onlyB.Add(a - diagonal - 1);
                diagonal++;
            }
            else
            {
                onlyA.Add(a - 1);
                diagonal--;
            }
        }

        onlyA.Reverse();
        onlyB.Reverse();
        return (onlyA, onlyB);
    }
}

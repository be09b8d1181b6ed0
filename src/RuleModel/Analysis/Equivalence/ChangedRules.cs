using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// The rules that one of two rule sets has and the other does not have at that place. A packet that none of them matches meets
/// the same rules in the same order on both sides, so both do the same with it.
/// </summary>
internal sealed class ChangedRules
{
    /// <summary>Longer differences of a chain are not aligned rule by rule: all of their rules count as changed.</summary>
    private const int MostAligned = 500;

    /// <summary>With more changes than this, nothing is gained by knowing them.</summary>
    private const int MostKept = 5000;

    private readonly RuleEquality _equality = new();
    private readonly List<ChangedRule> _all = [];

    private ChangedRules()
    {
    }

    /// <summary>The changes; none if both rule sets do the same.</summary>
    public IReadOnlyList<ChangedRule> All => _all;

    /// <summary>Finds them.</summary>
    /// <returns>The changes; null if tables or base chains differ, so that rules cannot be put beside each other, or if there are very many.</returns>
    public static ChangedRules? Find(Ruleset a, Ruleset b)
    {
        if (!a.Tables.Exists(table => b.Tables.Exists(other => other.Name == table.Name)) || !HaveSameOrder(a.Tables.Select(static table => table.Name), b.Tables.Select(static table => table.Name)))
        {
            return null;
        }

        ChangedRules changes = new();
        foreach (string name in a.Tables.Concat(b.Tables).Select(static table => table.Name).Distinct(StringComparer.Ordinal))
        {
            // A table that is missing is one without rules.
            WalkTable left = a.Tables.Find(table => table.Name == name) ?? new(name);
            WalkTable right = b.Tables.Find(table => table.Name == name) ?? new(name);
            if (!changes.Add(left, right))
            {
                return null;
            }
        }

        return changes;
    }

    /// <summary>Whether names that both sides have stand in the same order, each once.</summary>
    private static bool HaveSameOrder(IEnumerable<string> a, IEnumerable<string> b)
    {
        string[] left = [.. a];
        string[] right = [.. b];
        return left.Distinct(StringComparer.Ordinal).Count() == left.Length
            && right.Distinct(StringComparer.Ordinal).Count() == right.Length
            && left.Intersect(right, StringComparer.Ordinal).SequenceEqual(right.Intersect(left, StringComparer.Ordinal), StringComparer.Ordinal);
    }

    private bool Add(WalkTable a, WalkTable b)
    {
        if (!HaveSameOrder(BaseChains(a), BaseChains(b)))
        {
            return false;
        }

        foreach (WalkChain chain in a.Chains.Values)
        {
            b.Chains.TryGetValue(chain.Name, out WalkChain? other);
            if (other is not null && (chain.Hook != other.Hook || chain.IsNat != other.IsNat || chain.Priority != other.Priority))
            {
                return false;
            }

            AddChain(a, b, chain, other);
            if (_all.Count > MostKept)
            {
                return false;
            }
        }

        foreach (WalkChain chain in b.Chains.Values.Where(chain => !a.Chains.ContainsKey(chain.Name)))
        {
            AddChain(a, b, null, chain);
        }

        return true;
    }

    /// <summary>The order of base chains counts where priorities are equal.</summary>
    private static IEnumerable<string> BaseChains(WalkTable table) => table.Chains.Values.Where(static chain => chain.Hook is not null).Select(static chain => chain.Name);

    private void AddChain(WalkTable tableA, WalkTable tableB, WalkChain? a, WalkChain? b)
    {
        List<WalkRule> left = a?.Rules ?? [];
        List<WalkRule> right = b?.Rules ?? [];
        string name = (a ?? b)!.Name; // one of them is there
        if ((a ?? b)!.Hook is not null && (a?.Policy ?? WalkVerdict.Accept) != (b?.Policy ?? WalkVerdict.Accept))
        {
            _all.Add(new(tableA.Name, name, null));
        }

        int first = 0;
        while (first < left.Count && first < right.Count && AreSame(tableA, tableB, left[first], right[first]))
        {
            first++;
        }

        int last = 0;
        while (last < left.Count - first && last < right.Count - first && AreSame(tableA, tableB, left[^(last + 1)], right[^(last + 1)]))
        {
            last++;
        }

        AddMiddle(tableA, tableB, name, left.GetRange(first, left.Count - first - last), right.GetRange(first, right.Count - first - last));
    }

    /// <summary>Adds the rules between a common beginning and a common end that are not part of a longest common sequence.</summary>
    private void AddMiddle(WalkTable tableA, WalkTable tableB, string chain, List<WalkRule> a, List<WalkRule> b)
    {
        if (a.Count > 0 && b.Count > 0 && (a.Count > MostAligned || b.Count > MostAligned)
            && new FewestEdits(a.Count, b.Count, (left, right) => AreSame(tableA, tableB, a[left], b[right])).Find() is var (removed, added))
        {
            _all.AddRange(removed.Select(index => new ChangedRule(tableA.Name, chain, a[index])).Concat(added.Select(index => new ChangedRule(tableA.Name, chain, b[index]))));
            return;
        }

        if (a.Count == 0 || b.Count == 0 || a.Count > MostAligned || b.Count > MostAligned)
        {
            _all.AddRange(a.Concat(b).Select(rule => new ChangedRule(tableA.Name, chain, rule)));
            return;
        }

        bool[,] same = new bool[a.Count, b.Count];
        int[,] longest = new int[a.Count + 1, b.Count + 1];
        for (int left = a.Count - 1; left >= 0; left--)
        {
            for (int right = b.Count - 1; right >= 0; right--)
            {
                same[left, right] = AreSame(tableA, tableB, a[left], b[right]);
                longest[left, right] = same[left, right] ? longest[left + 1, right + 1] + 1 : Math.Max(longest[left + 1, right], longest[left, right + 1]);
            }
        }

        int i = 0;
        int j = 0;
        while (i < a.Count || j < b.Count)
        {
            if (i < a.Count && j < b.Count && same[i, j] && longest[i, j] == longest[i + 1, j + 1] + 1)
            {
                i++;
                j++;
            }
            else if (j == b.Count || (i < a.Count && longest[i + 1, j] >= longest[i, j + 1]))
            {
                _all.Add(new(tableA.Name, chain, a[i++]));
            }
            else
            {
                _all.Add(new(tableA.Name, chain, b[j++]));
            }
        }
    }

    /// <summary>Whether rules are equal and what they jump to is a chain on both sides or on none.</summary>
    private bool AreSame(WalkTable tableA, WalkTable tableB, WalkRule a, WalkRule b)
    {
        if (!_equality.AreEqual(a, b))
        {
            return false;
        }

        foreach (RuleStep step in a.Steps)
        {
            if (step is RuleStep.Jump jump && tableA.Chains.ContainsKey(jump.Chain) != tableB.Chains.ContainsKey(jump.Chain))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>A rule that only one side has at its place, or the policy of a base chain that differs.</summary>
/// <param name="Table">The table.</param>
/// <param name="Chain">The chain.</param>
/// <param name="Rule">The rule; null for the policy.</param>
internal sealed record ChangedRule(string Table, string Chain, WalkRule? Rule);

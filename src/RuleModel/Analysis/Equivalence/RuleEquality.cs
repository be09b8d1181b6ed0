using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Whether rules of two rule sets do the same step by step: counters and comments do not count, and sets and maps are compared by their elements.</summary>
internal sealed class RuleEquality
{
    private readonly Dictionary<(object, object), bool> _known = [];

    /// <summary>Whether two rules have the same steps.</summary>
    public bool AreEqual(WalkRule a, WalkRule b)
    {
        ReadOnlySpan<RuleStep> left = a.Steps.AsSpan();
        ReadOnlySpan<RuleStep> right = b.Steps.AsSpan();
        int other = 0;
        foreach (RuleStep step in left)
        {
            if (step is RuleStep.NoEffect)
            {
                continue;
            }

            other = Next(right, other);
            if (other == right.Length || !AreEqual(step, right[other]))
            {
                return false;
            }

            other++;
        }

        return Next(right, other) == right.Length;
    }

    private static int Next(ReadOnlySpan<RuleStep> steps, int from)
    {
        while (from < steps.Length && steps[from] is RuleStep.NoEffect)
        {
            from++;
        }

        return from;
    }

    private bool AreEqual(RuleStep a, RuleStep b) => (a, b) switch
    {
        (RuleStep.SetMatch left, RuleStep.SetMatch right) =>
            left.IsNegated == right.IsNegated && left.Key.Equals(right.Key) && left.Set.ExpirySeconds == right.Set.ExpirySeconds && HaveSame(left.Set, right.Set),
        (RuleStep.VerdictLookup left, RuleStep.VerdictLookup right) => left.Key.Equals(right.Key) && HaveSame(left.Map, right.Map),
        (RuleStep.DnatLookup left, RuleStep.DnatLookup right) => left.Key.Equals(right.Key) && HaveSame(left.Map, right.Map),
        _ => a.Equals(b),
    };

    private bool HaveSame(object a, object b)
    {
        if (ReferenceEquals(a, b))
        {
            return true;
        }

        if (!_known.TryGetValue((a, b), out bool isSame))
        {
            isSame = (a, b) switch
            {
                // Sets of clients are known by their names.
                (ElementSet left, ElementSet right) => left.Name == right.Name && left.Keys.Count == right.Keys.Count && left.Keys.All(right.Contains),
                (VerdictMap left, VerdictMap right) => HaveSame(left.Steps, right.Steps, AreEqual),
                (TargetMap left, TargetMap right) => HaveSame(left.Targets, right.Targets, static (one, other) => one == other),
                _ => false,
            };
            _known.Add((a, b), isSame);
        }

        return isSame;
    }

    private static bool HaveSame<T>(IReadOnlyDictionary<string, T> a, IReadOnlyDictionary<string, T> b, Func<T, T, bool> areEqual)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        foreach ((string key, T value) in a)
        {
            if (!b.TryGetValue(key, out T? other) || !areEqual(value, other))
            {
                return false;
            }
        }

        return true;
    }
}

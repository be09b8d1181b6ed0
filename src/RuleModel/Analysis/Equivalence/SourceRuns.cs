using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>
/// Joins rules that stand one after the other and end alike, and differ by the sources alone that they ask for: a list of
/// blocked addresses is one rule then. A walk would split the sources again at each of them.
/// </summary>
internal static class SourceRuns
{
    /// <summary>Joins them in a chain.</summary>
    public static void Join(List<WalkRule> rules)
    {
        int kept = 0;
        for (int first = 0; first < rules.Count; kept++)
        {
            int next = first + 1;
            int source = SourceIn(rules[first]);
            while (source >= 0 && next < rules.Count && SourceIn(rules[next]) == source && AreAlike(rules[first], rules[next], source))
            {
                next++;
            }

            rules[kept] = next == first + 1 ? rules[first] : Joined(rules.GetRange(first, next - first), source);
            first = next;
        }

        rules.RemoveRange(kept, rules.Count - kept);
    }

    /// <summary>The position of the only match of sources in a rule that ends what happens to a packet in its chain; -1 for any other rule.</summary>
    private static int SourceIn(WalkRule rule)
    {
        ReadOnlySpan<RuleStep> steps = rule.Steps.AsSpan();
        if (steps.Length == 0 || steps[^1] is not (RuleStep.Verdict or RuleStep.Reject))
        {
            return -1;
        }

        int found = -1;
        for (int index = 0; index < steps.Length - 1; index++)
        {
            if (steps[index] is RuleStep.AddressMatch { Field: PacketField.Source, IsNegated: false } && found < 0)
            {
                found = index;
            }
            else if (!IsDecided(steps[index]))
            {
                return -1;
            }
        }

        return found;
    }

    /// <summary>Whether a match has one answer for a packet, in whatever rule it stands.</summary>
    private static bool IsDecided(RuleStep step) => step is RuleStep.AddressMatch { Field: PacketField.Destination } or RuleStep.ProtocolMatch { Protocol: not null }
        or RuleStep.PortMatch or RuleStep.InterfaceMatch or RuleStep.StateMatch or RuleStep.MarkMatch or RuleStep.LocalMatch;

    private static bool AreAlike(WalkRule one, WalkRule other, int source)
    {
        ReadOnlySpan<RuleStep> left = one.Steps.AsSpan();
        ReadOnlySpan<RuleStep> right = other.Steps.AsSpan();
        if (left.Length != right.Length)
        {
            return false;
        }

        for (int index = 0; index < left.Length; index++)
        {
            if (index != source && !left[index].Equals(right[index]))
            {
                return false;
            }
        }

        return true;
    }

    private static WalkRule Joined(List<WalkRule> rules, int source)
    {
        RuleStep[] steps = rules[0].Steps.AsSpan().ToArray();
        IEnumerable<AddressRange> ranges = rules.SelectMany(rule => ((RuleStep.AddressMatch)rule.Steps[source]).Ranges.AsSpan().ToArray());
        steps[source] = ((RuleStep.AddressMatch)steps[source]) with { Ranges = [.. AddressRanges.Normalize(ranges)] };
        return new(rules[0].Text, [.. steps]);
    }
}

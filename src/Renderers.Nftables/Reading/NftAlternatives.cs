using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>Matches for the elements of sets and maps with keys of any kind: intervals, prefixes, names, concatenations of these.</summary>
/// <param name="fields">What fields and values mean.</param>
internal sealed class NftAlternatives(NftFields fields)
{
    /// <summary>The match of a key with one of some elements; null if a field or an element is not understood.</summary>
    public RuleStep? AnyOf(NftExpression key, IReadOnlyList<NftExpression> elements, bool isNegated)
    {
        if (key is NftExpression.Numbers numbers)
        {
            int values = elements.Where(element => IsPossible(numbers, element)).Select(NftText.Of).Distinct(StringComparer.Ordinal).Count();
            bool areNumbers = elements.All(static element => NftNumber.TryRead(element, out _)) && numbers.Mode is "random" or "inc" or "hash";
            return areNumbers ? new RuleStep.RandomMatch(isNegated ? 1 - ((double)values / numbers.Modulus) : (double)values / numbers.Modulus) : null;
        }

        List<EquatableArray<RuleStep>> alternatives = [];
        foreach (NftExpression element in elements)
        {
            if (Of(key, element) is not { } matches)
            {
                return null;
            }

            alternatives.Add(matches);
        }

        return Merged(alternatives, isNegated) ?? new RuleStep.AnyOf(EquatableArray.CopyOf(alternatives), isNegated);
    }

    /// <summary>Whether a generator makes a number: from its offset on, as many as its modulus.</summary>
    private static bool IsPossible(NftExpression.Numbers numbers, NftExpression element) =>
        NftNumber.TryRead(element, out uint number) && number >= numbers.Offset && number - numbers.Offset < numbers.Modulus;

    /// <summary>The cases of a map, the catch-all element last; null if a field or an element is not understood.</summary>
    /// <param name="key">The key.</param>
    /// <param name="elements">Pairs.</param>
    /// <param name="value">What a value does; null if it is not understood.</param>
    public EquatableArray<LookupCase>? Cases(NftExpression key, IReadOnlyList<NftExpression> elements, Func<NftExpression, RuleStep?> value)
    {
        List<LookupCase> cases = [];
        LookupCase? other = null;
        foreach (NftExpression element in elements)
        {
            if (element is not NftExpression.Pair pair || Of(key, pair.Key) is not { } matches || value(pair.Value) is not { } step)
            {
                return null;
            }

            LookupCase one = new(NftText.Of(pair.Key), matches, step);
            if (matches.Length == 0)
            {
                other = one;
            }
            else
            {
                cases.Add(one);
            }
        }

        return key is NftExpression.Numbers numbers ? Shares(numbers, cases)
            : EquatableArray.CopyOf(other is null ? cases : [.. cases, other.Value]);
    }

    /// <summary>The matches of an element; none for the catch-all element, null if it is not understood.</summary>
    private EquatableArray<RuleStep>? Of(NftExpression key, NftExpression element)
    {
        while (element is NftExpression.Element inner)
        {
            element = inner.Value;
        }

        if (element is NftExpression.Word { Text: "*" })
        {
            return default(EquatableArray<RuleStep>);
        }

        if (key is NftExpression.Numbers numbers)
        {
            // The share follows from the other elements.
            return IsPossible(numbers, element) ? [new RuleStep.RandomMatch(1)]
                : NftNumber.TryRead(element, out _) ? [new RuleStep.RandomMatch(0)]
                : null;
        }

        NftExpression[] keys = key is NftExpression.Concatenation many ? many.Parts : [key];
        NftExpression[] values = element is NftExpression.Concatenation parts ? parts.Parts : [element];
        if (keys.Length != values.Length)
        {
            return null;
        }

        RuleStep[] matches = new RuleStep[keys.Length];
        for (int index = 0; index < keys.Length; index++)
        {
            if (fields.Match(keys[index], values[index]) is not { } match)
            {
                return null;
            }

            matches[index] = match;
        }

        return EquatableArray.Adopt(matches);
    }

    /// <summary>Each number is equally likely: of what comes as far as the k-th of n, one in n-k is taken.</summary>
    private static EquatableArray<LookupCase>? Shares(NftExpression.Numbers numbers, List<LookupCase> cases)
    {
        cases.RemoveAll(static one => one.Matches[0] is RuleStep.RandomMatch { Probability: 0 });
        if (numbers.Mode is not ("random" or "inc" or "hash") || cases.Count > numbers.Modulus)
        {
            return null;
        }

        for (int index = 0; index < cases.Count; index++)
        {
            cases[index] = cases[index] with { Matches = [new RuleStep.RandomMatch(1.0 / (numbers.Modulus - index))] };
        }

        return EquatableArray.CopyOf(cases);
    }

    /// <summary>One match instead of several of the same field; null if they are of different kinds.</summary>
    private static RuleStep? Merged(List<EquatableArray<RuleStep>> alternatives, bool isNegated)
    {
        RuleStep[] steps = [.. alternatives.Where(static matches => matches.Length == 1).Select(static matches => matches[0])];
        if (steps.Length != alternatives.Count || steps.Length == 0)
        {
            return null;
        }

        return steps[0] switch
        {
            RuleStep.AddressMatch first when Array.TrueForAll(steps, step => step is RuleStep.AddressMatch match && match.Field == first.Field) =>
                first with { Ranges = [.. steps.SelectMany(static step => ((RuleStep.AddressMatch)step).Ranges.AsSpan().ToArray())], IsNegated = isNegated },
            RuleStep.PortsMatch first when Array.TrueForAll(steps, step => step is RuleStep.PortsMatch match && match.Field == first.Field) =>
                first with { Ranges = [.. steps.SelectMany(static step => ((RuleStep.PortsMatch)step).Ranges.AsSpan().ToArray())], IsNegated = isNegated },
            RuleStep.StateMatch first when Array.TrueForAll(steps, static step => step is RuleStep.StateMatch) =>
                first with { States = steps.Aggregate(ConnectionStates.None, static (all, step) => all | ((RuleStep.StateMatch)step).States), IsNegated = isNegated },
            RuleStep.AddressTypeMatch first when Array.TrueForAll(steps, step => step is RuleStep.AddressTypeMatch match && match.Field == first.Field && match.OfInterface == first.OfInterface) =>
                first with { Types = steps.Aggregate(AddressTypes.None, static (all, step) => all | ((RuleStep.AddressTypeMatch)step).Types), IsNegated = isNegated },
            _ => null,
        };
    }
}

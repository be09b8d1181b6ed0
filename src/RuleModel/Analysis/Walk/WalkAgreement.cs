using System.Globalization;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>Whether the walk through rules and the walk through the model say the same.</summary>
public static class WalkAgreement
{
    /// <summary>iptables keeps 31 bits of each chance, and a chain of a thousand rules multiplies what they lose.</summary>
    private const double Tolerance = 0.00001;

    /// <summary>Compares.</summary>
    /// <param name="rules">The paths through the rules.</param>
    /// <param name="model">The paths through the model.</param>
    /// <returns>The differences as lines of text; none if both agree.</returns>
    public static IReadOnlyList<string> Compare(IReadOnlyList<WalkOutcome> rules, IReadOnlyList<ModelOutcome> model)
    {
        SortedDictionary<string, double> byRules = Sum(rules.Select(path => (Describe(path.Verdict, path.Target, path.IsMasqueraded, path.AffinitySeconds) + (path.IsUncertain ? ", uncertain" : ""), path.Probability)));
        SortedDictionary<string, double> byModel = Sum(model.Select(path => (Describe(path.Verdict, path.Target, path.IsMasqueraded, path.AffinitySeconds), path.Probability)));
        List<string> differences = [];
        foreach (string path in byRules.Keys.Union(byModel.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            double left = byRules.GetValueOrDefault(path);
            double right = byModel.GetValueOrDefault(path);
            if (Math.Abs(left - right) > Tolerance)
            {
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"{path}: {left:0.######} by the rules, {right:0.######} by the model"));
            }
        }

        return differences;
    }

    private static SortedDictionary<string, double> Sum(IEnumerable<(string Path, double Probability)> paths)
    {
        SortedDictionary<string, double> sums = new(StringComparer.Ordinal);
        foreach ((string path, double probability) in paths)
        {
            sums[path] = sums.GetValueOrDefault(path) + probability;
        }

        return sums;
    }

    private static string Describe(WalkVerdict verdict, EndpointAddress? target, bool isMasqueraded, int affinity) => verdict switch
    {
        WalkVerdict.Drop => "dropped",
        WalkVerdict.Reject => "refused",
        _ => (target is null ? "passes" : $"to {target}") + (isMasqueraded ? ", masqueraded" : "") + (target is not null && affinity > 0 ? $", affinity {affinity} s" : ""),
    };
}

using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Texts of the steps of a path.</summary>
internal static class PathDescriptions
{
    /// <summary>Hook, chain, rule and what it did.</summary>
    public static string Describe(WalkTraceEntry entry) => string.Create(
        CultureInfo.InvariantCulture,
        $"{entry.Hook.ToString().ToLowerInvariant()}: {entry.Table}/{entry.Chain} rule {entry.Position} {entry.Effect}: {entry.Rule}");

    public static bool IsOf(WalkOutcome path, WalkResult result)
    {
        WalkVerdict verdict = path.Verdict == WalkVerdict.Return ? WalkVerdict.Accept : path.Verdict;
        if (verdict != result.Verdict)
        {
            return false;
        }

        return verdict != WalkVerdict.Accept
            || (path.IsMasqueraded == result.IsMasqueraded
                && path.Target?.Address == result.Target
                && (result.TargetPort == 0 || path.Target?.Port == result.TargetPort));
    }
}

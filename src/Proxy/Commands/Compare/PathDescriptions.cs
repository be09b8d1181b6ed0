using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Texts of the steps of a way.</summary>
internal static class PathDescriptions
{
    /// <summary>Hook, chain, rule and what it did.</summary>
    public static string Describe(WalkTraceEntry entry) => string.Create(
        CultureInfo.InvariantCulture,
        $"{entry.Hook.ToString().ToLowerInvariant()}: {entry.Table}/{entry.Chain} rule {entry.Position} {entry.Effect}: {entry.Rule}");

    /// <summary>Whether a way has a result.</summary>
    public static bool IsOf(WalkOutcome way, WalkResult result)
    {
        WalkVerdict verdict = way.Verdict == WalkVerdict.Return ? WalkVerdict.Accept : way.Verdict;
        if (verdict != result.Verdict)
        {
            return false;
        }

        return verdict != WalkVerdict.Accept
            || (way.IsMasqueraded == result.IsMasqueraded
                && way.Target?.Address == result.Target
                && (result.TargetPort == 0 || way.Target?.Port == result.TargetPort));
    }
}

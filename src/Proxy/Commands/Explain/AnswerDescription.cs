using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The answer in one sentence.</summary>
internal static class AnswerDescription
{
    /// <summary>A probability as people write it.</summary>
    public static string Percent(double share) => (share * 100).ToString(share is > 0 and < 0.001 ? "0.####" : "0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>What becomes of the packet.</summary>
    public static string Describe(ExplainedWalk walk)
    {
        IReadOnlyList<ExplainedPath> ways = walk.Ways;
        string sentence = ways switch
        {
            [] => "nothing is known of the packet",
            [var only] => Describe(only, walk.Reasons),
            _ when ways.All(way => way.IsForwarded) => Spread(ways),
            _ => string.Join("; or ", ways.GroupBy(way => (way.Verdict, way.IsForwarded)).Select(group => group.Key.IsForwarded ? Spread([.. group]) : Describe(group.First(), walk.Reasons))),
        };
        bool isUncertain = ways.Any(way => way.IsUncertain);
        return !isUncertain ? sentence : $"{(ways.Count == 1 ? "whether or not the rules that are not understood match" : "depending on rules that are not understood")}: {sentence}";
    }

    /// <summary>What becomes of the source.</summary>
    public static string Source(PacketQuestion question, ExplainedPath way)
    {
        if (!way.IsMasqueraded)
        {
            return $"the source stays {question.Source}";
        }

        return way.MasqueradeAddress is not { } address
            ? $"the source becomes {way.MasqueradeDoubt}"
            : $"the source becomes {address}" + (way.MasqueradeDoubt.Length == 0 ? "" : $" ({way.MasqueradeDoubt})");
    }

    private static string Describe(ExplainedPath way, IReadOnlyList<ModelReason> reasons) => way.Verdict switch
    {
        WalkVerdict.Drop => Reason(reasons, "dropped"),
        WalkVerdict.Reject => Reason(reasons, "refused"),
        _ when way.Target is not null => $"sent to {way.Target}" + (way.TargetWords.Length == 0 ? "" : $" ({way.TargetWords})"),
        _ => "left alone: its destination stays" + (way.IsMasqueraded ? ", but its source is rewritten" : ""),
    };

    private static string Reason(IReadOnlyList<ModelReason> reasons, string what) =>
        reasons.LastOrDefault(reason => reason.Text.StartsWith(what, StringComparison.Ordinal))?.Text ?? what;

    private static string Spread(IReadOnlyList<ExplainedPath> ways)
    {
        if (ways.Count == 1)
        {
            return Describe(ways[0], []);
        }

        double least = ways.Min(way => way.Probability);
        double most = ways.Max(way => way.Probability);
        string shares = most - least < 0.0005 ? $"{Percent(Math.Round(most, 4))} each" : $"{Percent(least)} to {Percent(most)} each";
        return $"sent to one of {ways.Count} endpoints, {shares}";
    }
}

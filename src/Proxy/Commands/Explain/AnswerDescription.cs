using System.Globalization;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The answer in one sentence.</summary>
internal static class AnswerDescription
{
    /// <summary>A probability in percent, as text.</summary>
    public static string Percent(double share) => (share * 100).ToString(share is > 0 and < 0.001 ? "0.####" : "0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>What becomes of the packet.</summary>
    public static string Describe(ExplainedWalk walk)
    {
        IReadOnlyList<ExplainedPath> paths = walk.Paths;
        string sentence = paths switch
        {
            [] => "nothing is known of the packet",
            [var only] => Describe(only, walk.Reasons),
            _ when paths.All(path => path.IsForwarded) => Spread(paths),
            _ => string.Join("; or ", paths.GroupBy(path => (path.Verdict, path.IsForwarded)).Select(group => group.Key.IsForwarded ? Spread([.. group]) : Describe(group.First(), walk.Reasons))),
        };
        bool isUncertain = paths.Any(path => path.IsUncertain);
        return !isUncertain ? sentence : $"{(paths.Count == 1 ? "whether or not the rules that are not understood match" : "depending on rules that are not understood")}: {sentence}";
    }

    /// <summary>What becomes of the source.</summary>
    public static string Source(PacketQuestion question, ExplainedPath path)
    {
        if (!path.IsMasqueraded)
        {
            return $"the source stays {question.Source}";
        }

        return path.MasqueradeAddress is not { } address
            ? $"the source becomes {path.MasqueradeDoubt}"
            : $"the source becomes {address}" + (path.MasqueradeDoubt.Length == 0 ? "" : $" ({path.MasqueradeDoubt})");
    }

    private static string Describe(ExplainedPath path, IReadOnlyList<ModelReason> reasons) => path.Verdict switch
    {
        WalkVerdict.Drop => Reason(reasons, "dropped"),
        WalkVerdict.Reject => Reason(reasons, "refused"),
        _ when path.Target is not null => $"sent to {path.Target}" + (path.TargetDescription.Length == 0 ? "" : $" ({path.TargetDescription})"),
        _ => "left alone: its destination stays" + (path.IsMasqueraded ? ", but its source is rewritten" : ""),
    };

    private static string Reason(IReadOnlyList<ModelReason> reasons, string what) =>
        reasons.LastOrDefault(reason => reason.Text.StartsWith(what, StringComparison.Ordinal))?.Text ?? what;

    private static string Spread(IReadOnlyList<ExplainedPath> paths)
    {
        if (paths.Count == 1)
        {
            return Describe(paths[0], []);
        }

        double least = paths.Min(path => path.Probability);
        double most = paths.Max(path => path.Probability);
        string shares = most - least < 0.0005 ? $"{Percent(Math.Round(most, 4))} each" : $"{Percent(least)} to {Percent(most)} each";
        return $"sent to one of {paths.Count} endpoints, {shares}";
    }
}

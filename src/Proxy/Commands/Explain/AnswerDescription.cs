using System.Globalization;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The answer in one sentence.</summary>
internal static class AnswerDescription
{
    /// <summary>The most endpoints that a headline names.</summary>
    private const int MostNamed = 3;

    private const string Possible = "possible";

    /// <summary>A probability in percent, as text.</summary>
    public static string Percent(double share) => (share * 100).ToString(share is > 0 and < 0.001 ? "0.####" : "0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>How likely a way is; of one that something unknown decides on there is no share.</summary>
    public static string Share(ExplainedPath path) => path.IsUncertain ? Possible : Percent(Math.Round(path.Probability, 4));

    /// <summary>How likely it is that the packet goes one of several ways.</summary>
    public static string Share(IReadOnlyCollection<ExplainedPath> paths) =>
        paths.Any(static path => path.IsUncertain) ? Possible : Percent(Math.Round(paths.Sum(static path => path.Probability), 4));

    /// <summary>How likely each endpoint of several ways is; one that is reached in several ways has their sum.</summary>
    public static string Shares(IReadOnlyCollection<ExplainedPath> paths)
    {
        if (paths.Any(static path => path.IsUncertain))
        {
            return Possible;
        }

        double[] shares = [.. paths.GroupBy(static path => path.TargetText, StringComparer.Ordinal).Select(static ways => ways.Sum(static path => path.Probability))];
        double least = shares.Min();
        double most = shares.Max();
        return most - least < 0.0005 ? $"{Percent(Math.Round(most, 4))} each" : $"{Percent(Math.Round(least, 4))} to {Percent(Math.Round(most, 4))} each";
    }

    /// <summary>What becomes of the packet.</summary>
    public static string Describe(ExplainedWalk walk)
    {
        IReadOnlyList<ExplainedPath> paths = walk.Paths;
        string sentence = paths switch
        {
            [] => "nothing is known of the packet",
            [var only] => Describe(only, walk.Reasons),
            _ when paths.All(path => path.IsForwarded) => Spread(paths),
            _ => string.Join("; or ", paths.GroupBy(path => (path.Verdict, path.IsForwarded, path.RejectWith, !path.IsForwarded && path.IsMasqueraded)).Select(group => group.First().IsForwarded ? Spread([.. group]) : Describe(group.First(), walk.Reasons))),
        };
        return paths.Any(path => path.IsOpen) ? $"unknown: {DoubtDescription.OfOpen(walk.Doubts)}; if it changes nothing: {sentence}; other outcomes are possible"
            : paths.Any(path => path.IsUncertain) ? $"{DoubtDescription.OfMatches(walk.Doubts)}: {sentence}"
            : sentence;
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
        WalkVerdict.Drop => Reason(path, reasons, "dropped", path.Trace is [.., { IsPolicy: true } policy] ? $" by the policy of {policy.Table} {policy.Chain} (DROP)" : ""),
        WalkVerdict.Reject => Reason(path, reasons, "refused", RefusedWith(path)),
        _ when path.Target is not null => $"sent to {path.TargetText}" + (path.TargetDescription.Length == 0 ? "" : $" ({path.TargetDescription})"),
        _ => "left alone: its destination stays" + (path.IsMasqueraded ? ", but its source is rewritten" : ""),
    };

    private static string RefusedWith(ExplainedPath path)
    {
        Refusal refusal = Refusal.Of(path.RejectWith, RuleModel.Addresses.IpFamily.IPv4);
        return refusal.IsUsual ? "" : refusal.IsReset ? " with a TCP reset" : $" as {refusal.Name}";
    }

    /// <summary>The reasons are those of kube-proxy's rules, and no other rule drops or refuses for them.</summary>
    private static string Reason(ExplainedPath path, IReadOnlyList<ModelReason> reasons, string what, string more)
    {
        bool isOfOthers = path.Trace is [.., var last] && !ServiceInRules.IsOfKubeProxy(last);
        ModelReason? reason = isOfOthers ? null : reasons.LastOrDefault(reason => reason.Text.StartsWith(what, StringComparison.Ordinal));
        return reason?.Text ?? what + more;
    }

    private static string Spread(IReadOnlyList<ExplainedPath> paths)
    {
        string[] targets = [.. paths.Select(static path => path.TargetText).Distinct(StringComparer.Ordinal)];
        if (targets.Length == 1)
        {
            return Describe(paths[0], []);
        }

        if (paths.Any(path => path.IsUncertain))
        {
            return $"sent to one of {string.Join(", ", targets.Take(MostNamed))}{(targets.Length > MostNamed ? $" and {targets.Length - MostNamed} more" : "")}";
        }

        return $"sent to one of {targets.Length} endpoints, {Shares(paths)}";
    }
}

using System.Text.RegularExpressions;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// What branches have in common that differ only in their endpoints: the same rules, but for the chains that kube-proxy makes for
/// each Service port and endpoint.
/// </summary>
internal static partial class BranchKind
{
    private const string Remembers = "remembers the client";

    private const int MaxMilliseconds = 10_000;

    /// <summary>The kind of a branch: how it ends, and the kinds of its own rules.</summary>
    /// <param name="path">The branch.</param>
    /// <param name="own">The rules that not all branches have.</param>
    public static string Of(ExplainedPath path, IEnumerable<WalkTraceEntry> own) =>
        $"{path.Verdict} {path.RejectWith} {path.IsForwarded} {path.IsMasqueraded} {path.IsUncertain} {string.Join(", ", own.Select(Of))}";

    /// <summary>The kind of a rule: its place and what it does. In a chain of an endpoint or a Service its number is no part of that.</summary>
    public static string Of(WalkTraceEntry entry)
    {
        string chain = OfChain(entry.Chain);
        string place = chain.Length == entry.Chain.Length ? $"{chain} {entry.Position}" : chain;
        string effect = entry.IsRewrite ? "sends" : entry.Effect.StartsWith(Remembers, StringComparison.Ordinal) ? Remembers : entry.JumpsTo.Length == 0 ? entry.Effect : entry.Effect.Replace(entry.JumpsTo, OfChain(entry.JumpsTo), StringComparison.Ordinal);
        return $"{entry.Hook} {entry.Table} {place} {entry.IsDoubtful} {effect}";
    }

    /// <summary>A chain's name up to the hash that stands for an endpoint or a Service port (spec 1.5); the whole name of other chains.</summary>
    private static string OfChain(string chain) => Hashed().Match(chain) is { Success: true } match ? match.Value : chain;

    [GeneratedRegex("^(KUBE-(SVC|SVL|EXT|FW|SEP|XLB)-(?=[A-Z2-7]{16}$)|(service|local|external|firewall|endpoint)-(?=[A-Z2-7]{8}-))", RegexOptions.ExplicitCapture, MaxMilliseconds)]
    private static partial Regex Hashed();
}

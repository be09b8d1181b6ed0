using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>Describes how the handling of packets to a destination changes.</summary>
internal static class ChangeDescription
{
    /// <summary>More endpoints than this are counted.</summary>
    private const int EndpointsNamed = 3;

    /// <summary>Describes a destination that is served before and after; empty if nothing changes.</summary>
    public static IReadOnlyList<string> Describe(IReadOnlyList<NeutralRule> before, IReadOnlyList<NeutralRule> after)
    {
        List<string> changes = [];
        if (before.SequenceEqual(after))
        {
            return changes;
        }

        AddEndpoints(before, after, changes);
        AddFates(before, after, changes);
        AddAffinity(before, after, changes);
        if (changes.Count == 0)
        {
            NeutralRule? old = before.FirstOrDefault(rule => !after.Contains(rule));
            NeutralRule? next = after.FirstOrDefault(rule => !before.Contains(rule));
            changes.Add($"{Sentence(old)} -> {Sentence(next)}");
        }

        return changes;
    }

    /// <summary>Describes a destination that is served only before or only after.</summary>
    public static string Describe(IReadOnlyList<NeutralRule> rules)
    {
        SortedSet<EndpointAddress> endpoints = Endpoints(rules);
        return endpoints.Count == 0 ? Fates(rules) : Named("", endpoints);
    }

    /// <summary>Whether some packets are sent to endpoints.</summary>
    public static bool LeadsToEndpoints(IReadOnlyList<NeutralRule> rules) => rules.Any(rule => !rule.Behaviour.Endpoints.IsEmpty);

    private static void AddEndpoints(IReadOnlyList<NeutralRule> before, IReadOnlyList<NeutralRule> after, List<string> changes)
    {
        SortedSet<EndpointAddress> old = Endpoints(before);
        SortedSet<EndpointAddress> next = Endpoints(after);
        EndpointAddress[] added = [.. next.Except(old)];
        EndpointAddress[] removed = [.. old.Except(next)];
        string shares = Shares(before, after);
        if (added.Length != 0)
        {
            changes.Add(Named("+", added));
        }

        if (removed.Length != 0)
        {
            changes.Add(Named("-", removed));
        }

        if (shares.Length != 0)
        {
            changes.Add("share " + shares);
        }
    }

    private static void AddFates(IReadOnlyList<NeutralRule> before, IReadOnlyList<NeutralRule> after, List<string> changes)
    {
        string old = Fates(before);
        string next = Fates(after);
        if (old != next)
        {
            changes.Add($"{old} -> {next}");
        }
    }

    private static void AddAffinity(IReadOnlyList<NeutralRule> before, IReadOnlyList<NeutralRule> after, List<string> changes)
    {
        int old = before.Max(rule => (int?)rule.Behaviour.AffinitySeconds) ?? 0;
        int next = after.Max(rule => (int?)rule.Behaviour.AffinitySeconds) ?? 0;
        if (old != next)
        {
            changes.Add($"session affinity {Seconds(old)} -> {Seconds(next)}");
        }
    }

    private static string Seconds(int seconds) => seconds == 0 ? "none" : $"{seconds} s";

    /// <summary>What happens to packets, from any source.</summary>
    private static string Fates(IReadOnlyList<NeutralRule> rules)
    {
        IEnumerable<string> fates = rules.Select(rule => rule.Behaviour.Fate).Distinct().Order().Select(static fate => fate switch
        {
            Disposition.Forwarded => "sent to endpoints",
            Disposition.Rejected => "refused",
            Disposition.Dropped => "dropped",
            Disposition.Passes => "masqueraded",
            _ => "not certain",
        });
        string text = string.Join(" or ", fates);
        return text.Length == 0 ? "left alone" : text;
    }

    private static SortedSet<EndpointAddress> Endpoints(IReadOnlyList<NeutralRule> rules) => new(
        rules.SelectMany(rule => rule.Behaviour.Endpoints.AsSpan().ToArray()).Select(share => share.Target),
        Comparer<EndpointAddress>.Create(EndpointAddress.CompareText));

    private static string Named(string sign, IReadOnlyCollection<EndpointAddress> endpoints)
    {
        string names = string.Join(", ", endpoints.Take(EndpointsNamed).Select(endpoint => endpoint.ToString()));
        string more = endpoints.Count > EndpointsNamed ? $" and {endpoints.Count - EndpointsNamed} more" : "";
        return $"{sign}{endpoints.Count} {(endpoints.Count == 1 ? "endpoint" : "endpoints")} {names}{more}";
    }

    /// <summary>The share of each endpoint, where all have the same before and after.</summary>
    private static string Shares(IReadOnlyList<NeutralRule> before, IReadOnlyList<NeutralRule> after)
    {
        int[] old = DistinctShares(before);
        int[] next = DistinctShares(after);
        return old.Length == 1 && next.Length == 1 && old[0] != next[0] ? $"{Percent(old[0])} -> {Percent(next[0])}" : "";
    }

    /// <summary>Shares as they are printed: rounding differs by some millionths from endpoint to endpoint.</summary>
    private static int[] DistinctShares(IReadOnlyList<NeutralRule> rules) =>
        [.. rules.SelectMany(rule => rule.Behaviour.Endpoints.AsSpan().ToArray()).Select(share => (int)Math.Round(share.Share / 1000.0)).Distinct()];

    private static string Percent(int thousandths) => FormattableString.Invariant($"{thousandths / 10.0:0.#} %");

    private static string Sentence(NeutralRule? rule)
    {
        if (rule is null)
        {
            return "left alone";
        }

        AddressRange[] ranges = rule.Sources.AsSpan().ToArray();
        string sources = string.Join(", ", ranges.Take(EndpointsNamed).Select(range => range.ToString())) + (ranges.Length > EndpointsNamed ? ", ..." : "");
        return $"from {(rule.Origin.Interface is { } name ? name : "the node")} ({sources}): {rule.Behaviour}";
    }
}

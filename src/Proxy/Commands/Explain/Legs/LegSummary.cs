using System.Globalization;

namespace KubeProxySharp.Proxy.Commands.Explain.Legs;

/// <summary>The answer to a question about several legs: where it ends, and which source each destination sees.</summary>
internal static class LegSummary
{
    private const int MostNamed = 3;

    /// <summary>Where it ends, in one sentence.</summary>
    public static string Headline(LegChain chain)
    {
        List<string> parts = [];
        IGrouping<(int Leg, LegOutcome Outcome), LegEnd>[] groups = [.. chain.Ends.GroupBy(static end => (end.Leg, end.Outcome))];
        foreach (IGrouping<(int Leg, LegOutcome Outcome), LegEnd> group in groups)
        {
            LegEnd[] ends = [.. group];
            string share = groups.Length == 1 || !chain.IsCertain ? "" : Percent(ends.Sum(static end => end.Share ?? 0)) + " ";
            parts.Add(share + (group.Key.Outcome == LegOutcome.Delivered ? Delivered(chain, ends) : Ended(group.Key.Leg, group.Key.Outcome, ends)));
        }

        string sentence = parts.Count == 0 ? "nothing is known of the packet" : string.Join(chain.IsCertain ? "; " : "; or ", parts);
        int faults = chain.All.Sum(static answer => answer.Walks.Sum(static walk => walk.Paths.Count(static path => path.Journey.Any(static step => step.Kind == Journey.JourneyStepKind.Fault))));
        return (chain.IsCertain ? sentence : $"not decided (leg {string.Join(", ", Undecided(chain))}): {sentence}{(chain.IsOpen ? "; other outcomes are possible" : "")}")
            + (faults == 0 ? "" : "; with a likely fault on the way, see the legs");
    }

    /// <summary>For each leg that comes to endpoints, which source they see.</summary>
    public static IEnumerable<(int Leg, string Text)> Sources(LegChain chain)
    {
        for (int number = 1; number <= chain.Destinations.Count; number++)
        {
            string[] sources =
            [
                .. number == 1 ? SourcesOf(chain.First, [ClientOf(chain.First.Question)]) : chain.Next.Where(leg => leg.Number == number).SelectMany(static leg => SourcesOf(leg.Answer, [.. leg.Sources.Select((source, index) => PodOf(leg.Starts[index], source))])),
            ];
            sources = [.. sources.Distinct(StringComparer.Ordinal)];
            if (sources.Length != 0)
            {
                yield return (number, $"{chain.Destinations[number - 1]} sees the source {Listed(sources, " or ")}");
            }
        }
    }

    /// <summary>A share in percent. It is rounded down, so that several never add up to more than 100 %.</summary>
    public static string Percent(double share) => (Math.Floor((share * 10000) + 0.001) / 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>The answers of a leg.</summary>
    private static IEnumerable<Explanation> AnswersOf(LegChain chain, int number) =>
        number == 1 ? [chain.First] : chain.Next.Where(leg => leg.Number == number).Select(static leg => leg.Answer);

    /// <summary>The legs that are not certain.</summary>
    private static IEnumerable<int> Undecided(LegChain chain) =>
        Enumerable.Range(1, chain.Destinations.Count).Where(number =>
            AnswersOf(chain, number).Any(static answer => answer.Walks[0].Has(ExplainFinding.Unknown)) || chain.Ends.Any(end => end.Leg == number && end.Outcome == LegOutcome.Unknown));

    private static string ClientOf(PacketQuestion question) => question.SourceDescription.Length == 0 ? $"{question.Source}" : $"{question.Source} ({question.SourceDescription})";

    private static string PodOf(string name, RuleModel.Addresses.IpAddress source) => name.EndsWith($" {source}", StringComparison.Ordinal) ? $"{source}" : $"{source} ({name})";

    /// <summary>What the endpoints of an answer see; those that send stand for themselves where nothing is masqueraded.</summary>
    private static IEnumerable<string> SourcesOf(Explanation answer, IReadOnlyList<string> senders) =>
        answer.Walks[0].Paths.Where(static path => LegOutcomes.Of(path) == LegOutcome.Delivered).SelectMany(path => path.IsMasqueraded ? [MasqueradeOf(answer, path)] : senders);

    private static string MasqueradeOf(Explanation answer, ExplainedPath path) =>
        path.MasqueradeAddress is not { } address ? $"{path.MasqueradeDoubt} (masqueraded)"
        : $"{address} (masqueraded on {Journey.ClusterNetworks.Called(answer.NodeName)}{(path.MasqueradeDoubt.Length == 0 ? "" : $"; {path.MasqueradeDoubt}")})";

    private static string Delivered(LegChain chain, LegEnd[] ends)
    {
        string at = chain.Destinations[^1];
        if (ends.Length == 1)
        {
            return $"delivered to {ends[0].Text}";
        }

        string named = $"delivered to one of {ends.Length} endpoints of {at}";
        if (!chain.IsCertain)
        {
            return named;
        }

        string least = Percent(ends.Min(static end => end.Share ?? 0));
        string most = Percent(ends.Max(static end => end.Share ?? 0));
        return $"{named}, {(least == most ? most : $"{least} to {most}")} each";
    }

    private static string Ended(int leg, LegOutcome outcome, LegEnd[] ends)
    {
        string where = Listed([.. ends.Select(static end => end.Text)], ", ");
        return outcome switch
        {
            LegOutcome.Dropped => $"dropped in leg {leg}, from {where}",
            LegOutcome.Refused => $"refused in leg {leg}, from {where}",
            LegOutcome.LeftAlone => $"left alone in leg {leg}, from {where}: it is sent to no endpoint",
            _ => $"unknown after leg {leg}: {where}",
        };
    }

    private static string Listed(string[] texts, string between) => string.Join(between, texts.Take(MostNamed)) + (texts.Length > MostNamed ? $" and {texts.Length - MostNamed} more" : "");
}

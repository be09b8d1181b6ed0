using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary><c>compare</c>: whether two rule sets do the same with every packet.</summary>
/// <param name="streams">Where things are read from and written to.</param>
/// <param name="host">The host.</param>
internal sealed class CompareCommand(CommandStreams streams, AgentHost host)
{
    /// <summary>Runs the command.</summary>
    /// <returns>The exit code.</returns>
    public Task<int> RunAsync(CompareOptions options, CancellationToken stop) =>
        ReportRun.RunAsync(streams, host.Time, progress => MakeAsync(options, progress, stop), report => Write(report, options));

    private static bool IsStandardInput(string path) => path == "-";

    private int Write(CompareReport report, CompareOptions options)
    {
        if (options.IsJson)
        {
            using Stream output = streams.OpenOutput();
            CompareJson.Write(report, output);
        }
        else
        {
            ReportRun.WriteText(streams, text => new CompareText(text, streams.IsOutputOnTerminal).Write(report));
        }

        return report.Different != 0 ? ExitCode.Findings : report.Uncertain != 0 ? ExitCode.CannotTell : ExitCode.Success;
    }

    private async Task<CompareReport?> MakeAsync(CompareOptions options, Progress progress, CancellationToken stop)
    {
        if (options.A.Paths.Any(IsStandardInput) && options.B.Paths.Any(IsStandardInput))
        {
            throw new InputException("both sides are standard input; give a file for one");
        }

        // Reading is most of the work where nothing differs, and the sides do not touch each other.
        progress.Step("reading both sides");
        SideReader reader = new(streams with { Errors = TextWriter.Synchronized(streams.Errors) }, host);
        ComparedSide?[] sides = await Task.WhenAll(
            Task.Run(() => reader.ReadAsync(options.A, options.Families, stop), stop),
            Task.Run(() => reader.ReadAsync(options.B, options.Families, stop), stop));
        if (sides is not [{ } a, { } b])
        {
            return null;
        }

        bool comparesAll = options.ComparesAllRules ?? (a.Model is null && b.Model is null);
        IReadOnlyList<IpAddress> addresses = AddressesOf(options, a, b);
        ServiceNames names = new([a, b]);
        List<FamilyComparison> families = [];
        foreach (IpFamily family in options.Families)
        {
            families.Add(Compare(family, a, b, comparesAll, addresses, options, names, progress, stop));
        }

        if (families.TrueForAll(family => family.NotCompared.Length != 0))
        {
            throw new InputException($"there is no family that both sides have rules of: {string.Join("; ", families.Select(family => family.NotCompared))}");
        }

        return new() { TitleA = a.Title, TitleB = b.Title, NodeAddresses = addresses, ComparesAllRules = comparesAll, Families = families };
    }

    private static FamilyComparison Compare(
        IpFamily family,
        ComparedSide a,
        ComparedSide b,
        bool comparesAll,
        IReadOnlyList<IpAddress> addresses,
        CompareOptions options,
        ServiceNames names,
        Progress progress,
        CancellationToken stop)
    {
        if (!a.Rules.TryGetValue(family, out Ruleset? rulesA) || !b.Rules.TryGetValue(family, out Ruleset? rulesB))
        {
            string missing = a.Rules.ContainsKey(family) ? "B" : b.Rules.ContainsKey(family) ? "A" : "neither side";
            return new() { Family = family, NotCompared = missing == "neither side" ? $"neither side has {family} rules" : $"{missing} has no {family} rules" };
        }

        rulesA = comparesAll ? rulesA : KubeRules.Of(rulesA, mode: null);
        rulesB = comparesAll ? rulesB : KubeRules.Of(rulesB, mode: null);
        RulesetComparison comparison = new(rulesA, rulesB, addresses);
        int done = 0;
        IReadOnlyList<RulesetDifference>[] found = new IReadOnlyList<RulesetDifference>[comparison.Destinations];
        Parallel.For(
            0,
            found.Length,
            new ParallelOptions { MaxDegreeOfParallelism = options.Threads, CancellationToken = stop },
            comparison.NewWorker,
            (index, _, worker) =>
            {
                found[index] = comparison.Compare(worker, index);
                progress.Step($"comparing {family}: {Interlocked.Increment(ref done)} of {found.Length} destinations");
                return worker;
            },
            static _ => { });
        ComparisonFindings findings = comparison.Conclude(found);
        NodeView node = new(addresses);
        PacketWalker walkerA = new(rulesA, node);
        PacketWalker walkerB = new(rulesB, node);
        List<DisplayedDifference> shown = [];
        SortedDictionary<string, int> ignored = new(StringComparer.Ordinal);
        foreach (RulesetDifference difference in findings.Differences)
        {
            if (difference.Mode is { } mode && options.Ignored.Contains(mode))
            {
                ignored[mode.Name] = ignored.GetValueOrDefault(mode.Name) + 1;
                continue;
            }

            bool isListed = shown.Count < CompareReport.ListLimit;
            IReadOnlyList<WalkOutcome> waysA = isListed ? walkerA.Walk(difference.PacketA) : [];
            IReadOnlyList<WalkOutcome> waysB = isListed ? walkerB.Walk(difference.PacketB) : [];
            shown.Add(new(difference, names.Find(difference.PacketA, waysA.Concat(waysB)), waysA, waysB));
        }

        return new() { Family = family, Destinations = findings.Destinations, Origins = findings.Origins, Differences = shown, Ignored = ignored };
    }

    /// <summary>
    /// The addresses of the node decide what is local. Both sides are of one node, so that what either knows holds for both;
    /// if neither does, what rules name, else an address of documentation stands for them.
    /// </summary>
    private static IReadOnlyList<IpAddress> AddressesOf(CompareOptions options, ComparedSide a, ComparedSide b)
    {
        if (options.NodeAddresses is not null)
        {
            return options.NodeAddresses;
        }

        HashSet<IpAddress> known = [.. a.NodeAddresses, .. b.NodeAddresses];
        foreach (IpFamily family in options.Families)
        {
            if (known.Any(address => address.Family == family && !address.IsLoopback))
            {
                continue;
            }

            int before = known.Count;
            foreach (Ruleset rules in a.Rules.Values.Concat(b.Rules.Values).Where(rules => rules.Family == family))
            {
                known.UnionWith(NodeAddressesOfRules.Find(rules));
            }

            if (known.Count == before)
            {
                known.Add(NodeAddressesOfRules.StandIn(family));
            }
        }

        return [.. known.Order()];
    }
}

using System.Globalization;

namespace KubeProxySharp.Soak;

/// <summary>The figures of a run, and the limits that it broke.</summary>
internal static class SoakReport
{
    private const double Growth = 1.05;

    /// <summary>Writes the figures.</summary>
    /// <returns>What is beyond its limit; empty when all is well.</returns>
    public static IReadOnlyList<string> Write(SoakRun run, TextWriter output)
    {
        AgentRun agent = run.Agent!;
        UsageOverTime usage = run.Usage!;
        (Usage begin, Usage end) = (usage.Begin, usage.End);
        void Line(string name, string value) => output.WriteLine($"{name,-34}{value}");
        Line("first rules", Invariant($"{run.FirstRules.TotalSeconds:f1} s"));
        Line("connections made", Invariant($"{run.Dialler.Made}"));
        Line("connections failed", Invariant($"{run.Dialler.Failed.Count}, and {run.Dialler.FailedInDrift} while damage of ours was not repaired"));
        Line("changes made", Invariant($"{run.Changes.Count}, and the probes"));
        Line("change to kernel", run.Probe.Usual.ToString());
        Line("  while the API server was away", run.Probe.WhileAway.ToString());
        Line("  while damage was repaired", run.Probe.InDrift.ToString());
        foreach ((FakeApi.Faults.OutageKind kind, Delays delays) in run.Outages.Returns)
        {
            Line($"  made at the return ({kind})", delays.ToString());
        }

        Line("damage to repair", run.Drift.Repairs.ToString());
        Line("new address to node port", run.Addresses.Followed.ToString());
        Line("resident memory", Invariant($"{begin.Resident:f1} MB, at the end {end.Resident:f1} MB"));
        Line("handles", Invariant($"{begin.Handles:f0}, at the end {end.Handles:f0}"));
        Line("threads", Invariant($"{begin.Threads:f0}, at the end {end.Threads:f0}"));
        Line("updates", Invariant($"{agent.Log.Partial}"));
        Line("full transactions", string.Join(", ", agent.Log.Full.Select(reason => Invariant($"{reason.Value} ({reason.Key})"))));
        Line("drift reported / made", Invariant($"{agent.Log.Drifts} / {run.Drift.Damages}"));
        Line("commits of others", Invariant($"{run.Foreigner.Commits}"));
        Line("bad Services", Invariant($"{run.Bad.Count}, {run.Bad.Refused} of them refused by the kernel"));
        Line("flows made", Invariant($"{run.Flows.Made}"));
        Line("interfaces come and gone", Invariant($"{run.Churn.Interfaces}"));
        Line("Events written", Invariant($"{run.Events.Written}"));
        Line("agent exits", agent.ExitCode is { } code ? Invariant($"1, with code {code}") : "0");
        Line("addresses at the end", run.AddressFault ?? "right");
        return [.. Broken(run, agent, begin, end)];
    }

    private static IEnumerable<string> Broken(SoakRun run, AgentRun agent, Usage begin, Usage end)
    {
        if (!run.Dialler.Failed.IsEmpty)
        {
            yield return $"{run.Dialler.Failed.Count} connections failed, the first ones: {string.Join("; ", run.Dialler.Failed.Take(5))}";
        }

        if (run.Dialler.Made == 0)
        {
            yield return "no connection was made";
        }

        if (agent.ExitCode is { } code)
        {
            yield return $"the agent ended with code {code}";
        }

        if (run.AddressFault is { } fault)
        {
            yield return "addresses: " + fault;
        }

        if (run.Probe.Lost + run.Outages.Lost > 0)
        {
            yield return $"{run.Probe.Lost + run.Outages.Lost} changes did not reach the kernel within {ChangeProbe.Limit.TotalMinutes} minutes";
        }

        if (run.Drift.Unrepaired + run.Addresses.Lost > 0)
        {
            yield return $"{run.Drift.Unrepaired} damages were not repaired, {run.Addresses.Lost} addresses not followed";
        }

        if (agent.Log.Drifts > run.Drift.Damages)
        {
            yield return $"drift was reported {agent.Log.Drifts} times, but made {run.Drift.Damages} times";
        }

        if (agent.Log.Full.GetValueOrDefault(AgentLog.NoReason) is > 0 and int unexplained)
        {
            yield return $"{unexplained} full transactions without a reason";
        }

        if (run.Usage!.IsLong)
        {
            // One handle or thread more is no growth, though it may be more than one in twenty.
            foreach ((string name, double before, double after, double least) in new[]
            {
                ("resident memory", begin.Resident, end.Resident, 0.0),
                ("handles", begin.Handles, end.Handles, 1),
                ("threads", begin.Threads, end.Threads, 1),
            })
            {
                if (after > before * Growth && after > before + least)
                {
                    yield return Invariant($"{name} grew from {before:f1} to {after:f1}, by more than 5 %");
                }
            }
        }
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;

namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>Writes a plan as text.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
internal sealed class PlanText(TextWriter output, bool isTerminal)
{
    /// <summary>The most changes that are listed; JSON has all.</summary>
    private const int MostChanges = 100;

    /// <summary>More destinations of a change than this are counted.</summary>
    private const int FrontendsNamed = 4;

    private const string Green = "32";
    private const string Yellow = "33";
    private const string Red = "31";

    private readonly AnsiStyle _style = new(isTerminal);

    public void Write(PlanReport report)
    {
        foreach (ServiceChange change in report.Changes.Take(MostChanges))
        {
            Write(change);
        }

        if (report.Changes.Count > MostChanges)
        {
            output.WriteLine(Invariant($"and {report.Changes.Count - MostChanges} more; -o json lists them"));
        }

        if (report.Changes.Count != 0)
        {
            output.WriteLine();
        }

        if (report.TakenOverMode.Length != 0)
        {
            output.WriteLine($"The node has rules of mode {report.TakenOverMode}; they go when those of mode {report.Mode} are complete.");
        }

        foreach ((IpFamily family, RuleReferences touched) in report.Touches)
        {
            if (touched.IsAny)
            {
                output.WriteLine($"{family}: {Describe(touched)}");
            }
        }

        if (report.Flows is { } flows)
        {
            Write(flows);
        }

        WriteSummary(report);
    }

    private void Write(ServiceChange change)
    {
        (string sign, string colour) = change.Kind switch
        {
            ServiceChangeKind.Added => ("+", Green),
            ServiceChangeKind.Removed => ("-", Red),
            _ => ("~", Yellow),
        };
        string service = change.Service.Length == 0 ? "a Service whose name is not in the rules" : change.Service;
        output.WriteLine(_style.Of(colour, $"{sign} {service}") + $"  {Frontends(change)}");
        foreach (string description in change.Descriptions)
        {
            output.WriteLine("    " + description);
        }
    }

    private void Write(FlowFindings flows)
    {
        long affected = flows.StaleByReason.Values.Sum();
        string tcp = "TCP goes on until it closes, others are ended after the sync so that clients get a live endpoint";
        output.WriteLine(affected == 0
            ? Invariant($"Flows: {flows.OfServices} to Services, none affected")
            : _style.Of(Yellow, Invariant($"Flows: {affected} affected, beside {flows.OfServices} to Services in all")) + $"; {tcp}");
        foreach ((FlowVerdict reason, long count) in flows.StaleByReason)
        {
            output.WriteLine(Invariant($"    {count} {VerifyText.Describe(reason)}"));
        }
    }

    private void WriteSummary(PlanReport report)
    {
        string node = report.NodeName.Length == 0 ? "" : $" on node {report.NodeName}";
        int Of(ServiceChangeKind kind) => report.Changes.Where(change => change.Kind == kind).Sum(change => change.Frontends.Count);
        if (!report.HasChanges)
        {
            output.WriteLine(_style.Of(Green, Invariant($"no change{node}: {report.Compared} destinations are as they should be")));
            return;
        }

        output.WriteLine(Invariant(
            $"plan{node}, mode {report.Mode}: {Of(ServiceChangeKind.Added)} destinations added, {Of(ServiceChangeKind.Changed)} changed, {Of(ServiceChangeKind.Removed)} removed, of {report.Compared}; {report.LoseEndpoints} of {report.LeadToEndpoints} stop leading to endpoints"));
    }

    private static string Frontends(ServiceChange change)
    {
        IEnumerable<string> named = change.Frontends.Take(FrontendsNamed).Select(static (FrontendAddress frontend) => frontend.ToString());
        string more = change.Frontends.Count > FrontendsNamed ? $" and {change.Frontends.Count - FrontendsNamed} more" : "";
        return string.Join(", ", named) + more;
    }

    private static string Describe(RuleReferences touched)
    {
        List<string> parts = [];
        Add(parts, "rules", touched.RulesAdded, touched.RulesRemoved);
        Add(parts, "chains", touched.ChainsAdded, touched.ChainsRemoved);
        Add(parts, "elements of maps and sets", touched.ElementsAdded, touched.ElementsRemoved);
        return string.Join(", ", parts);
    }

    private static void Add(List<string> parts, string what, int added, int removed)
    {
        if (added != 0 || removed != 0)
        {
            parts.Add(Invariant($"{what} +{added} -{removed}"));
        }
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

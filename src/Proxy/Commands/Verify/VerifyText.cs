using System.Globalization;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>Writes a report as text.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether colours are understood.</param>
internal sealed class VerifyText(TextWriter output, bool isTerminal)
{
    /// <summary>The most lines of a list; JSON has more.</summary>
    private const int MostLines = 20;

    private const string Good = "32";
    private const string Bad = "31";

    private readonly AnsiStyle _style = new(isTerminal);

    public static string Address(IpAddress address, ushort port) => new EndpointAddress(address, port).ToString();

    public void Write(VerifyReport report)
    {
        if (report.Flows is { } flows)
        {
            Write(flows);
        }

        if (report.Rules is { } rules)
        {
            Write(rules);
        }

        string node = report.NodeName.Length == 0 ? "" : $" on node {report.NodeName}";
        output.WriteLine(report.Findings == 0 ? _style.Of(Good, $"clean{node}: nothing to find fault with") : _style.Of(Bad, Invariant($"{report.Findings} findings{node}")));
    }

    private void Write(FlowFindings flows)
    {
        output.WriteLine(Invariant($"Flows: {flows.Seen} in the table, {flows.OfServices} to Services, {flows.Unreplied} of them unanswered"));
        WriteServices(flows);
        foreach ((FlowVerdict reason, long count) in flows.StaleByReason)
        {
            output.WriteLine(_style.Of(Bad, Invariant($"Stale: {count} {Describe(reason)}")));
        }

        if (flows.Stale.Count != 0)
        {
            TextTable table = new("  PROTOCOL", "SOURCE", "DESTINATION", "GOES TO", "AGE", "SHOULD BE");
            foreach (StaleFlow stale in flows.Stale.Take(MostLines))
            {
                ConntrackTuple original = stale.Flow.Original;
                table.Add(
                    "  " + ((TransportProtocol)original.Protocol).ToUpperText(),
                    Address(original.Source, original.SourcePort),
                    Address(original.Destination, original.DestinationPort),
                    Address(stale.Flow.Reply.Source, stale.Flow.Reply.SourcePort),
                    stale.Age is { } age ? Age(age) : "?",
                    stale.Wanted);
            }

            table.Write(output);
            WriteMore(flows.StaleByReason.Values.Sum() - MostLines);
        }

        output.WriteLine();
    }

    private void WriteServices(FlowFindings flows)
    {
        if (flows.Services.Count == 0)
        {
            return;
        }

        TextTable table = new("  SERVICE", "ENDPOINT", ">FLOWS", ">SHARE", ">EXPECTED", "SPREAD");
        foreach (ServiceFlows service in flows.Services.OrderByDescending(service => service.IsUneven).Take(MostLines))
        {
            string verdict = service.Verdict + (service.Probability is { } probability ? Invariant($" (p={probability:0.####})") : "");
            table.Add("  " + service.Title, "", Invariant($"{service.Flows}"), "", "", verdict);
            foreach (EndpointFlows endpoint in service.Endpoints.Take(MostLines))
            {
                string expected = endpoint.Expected is { } share ? Percent(share) : "-";
                table.Add("", endpoint.Endpoint.ToString(), Invariant($"{endpoint.Flows}"), Percent(endpoint.Share), expected, "");
            }

            if (service.Endpoints.Count > MostLines)
            {
                table.Add("", Invariant($"and {service.Endpoints.Count - MostLines} more"), "", "", "", "");
            }
        }

        table.Write(output);
        WriteMore(flows.Services.Count - MostLines);
    }

    private void Write(RuleFindings rules)
    {
        string counts = Invariant($"Rules: {rules.Compared} destinations compared, {rules.Missing} missing, {rules.Changed} changed, {rules.Foreign} foreign");
        output.WriteLine(rules.Findings == 0 ? counts : _style.Of(Bad, counts));
        foreach (RuleDifference difference in rules.Differences.Take(MostLines))
        {
            string service = difference.Service.Length == 0 ? "" : $" ({difference.Service})";
            output.WriteLine($"  {difference.Kind} {difference.Frontend}{service}");
            WriteIfAny("    should be: ", difference.Expected);
            WriteIfAny("    is:        ", difference.Actual);
        }

        WriteMore(rules.Findings - MostLines);
        output.WriteLine();
    }

    private void WriteIfAny(string title, string text)
    {
        if (text.Length != 0)
        {
            output.WriteLine(title + text);
        }
    }

    private void WriteMore(long count)
    {
        if (count > 0)
        {
            output.WriteLine(Invariant($"  and {count} more; -o json lists them"));
        }
    }

    /// <summary>Describes a fault of flows.</summary>
    public static string Describe(FlowVerdict reason) => reason switch
    {
        FlowVerdict.EndpointGone => "go to endpoints that left their Service or stopped serving",
        FlowVerdict.NoEndpoints => "go to endpoints of Services that have none any more",
        FlowVerdict.ServiceGone => "go through destinations that no Service has any more",
        _ => "began before the rules and are sent nowhere",
    };

    private static string Percent(double share) => share.ToString("0.0%", CultureInfo.InvariantCulture);

    private static string Age(TimeSpan age) => age.TotalHours >= 1 ? Invariant($"{(long)age.TotalHours}h{age.Minutes:00}m")
        : age.TotalMinutes >= 1 ? Invariant($"{age.Minutes}m{age.Seconds:00}s")
        : Invariant($"{age.Seconds}s");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

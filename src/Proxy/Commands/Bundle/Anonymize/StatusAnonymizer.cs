using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using KubeProxySharp.Proxy.Observability.Status;

namespace KubeProxySharp.Proxy.Commands.Bundle.Anonymize;

/// <summary>Replaces names in the state of an agent and leaves out its messages; of metrics only samples without names stay.</summary>
/// <param name="names">Chooses names.</param>
/// <param name="services">Knows the names of Services.</param>
internal sealed partial class StatusAnonymizer(NameMap names, ServiceNames services)
{
    private const string LeftOut = "(left out)";

    /// <summary>Labels whose values are words or numbers of the program.</summary>
    private static readonly HashSet<string> s_labels = new(StringComparer.Ordinal)
    {
        "code", "deprecated_version", "generation", "ip_family", "le", "method", "part", "protocol", "reason", "resource", "result", "severity", "stability_level", "stage", "state", "table",
        "traffic_policy", "verb", "quantile", "type", "iptables_table",
    };

    /// <summary>Replaces in the state; null if it is not understood.</summary>
    public byte[]? Map(byte[] json)
    {
        try
        {
            return StatusDocument.Read(json) is { } report
                ? JsonSerializer.SerializeToUtf8Bytes(Map(report), StatusJson.Default.StatusReport)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The samples of metrics whose labels have no names in them, with their descriptions.</summary>
    public static byte[] MapMetrics(string text)
    {
        StringBuilder kept = new(text.Length);
        foreach (string line in text.Split('\n'))
        {
            Match sample = Sample().Match(line);
            bool isDescription = line.StartsWith("# HELP ", StringComparison.Ordinal) || line.StartsWith("# TYPE ", StringComparison.Ordinal);
            bool isKept = isDescription || (sample.Success && sample.Groups["label"].Captures.Zip(sample.Groups["value"].Captures).All(static label => s_labels.Contains(label.First.Value) && PlainValue().IsMatch(label.Second.Value)));
            kept.Append(isKept ? line + "\n" : "");
        }

        return Encoding.UTF8.GetBytes(kept.ToString());
    }

    /// <summary>The number of a kernel version, without what a distribution or a site adds to it.</summary>
    public static string KernelNumber(string version) => Kernel().Match(version).Value;

    private StatusReport Map(StatusReport report) => report with
    {
        Health = report.Health with { WaitsFor = Text(report.Health.WaitsFor), Failing = [.. report.Health.Failing.Select(Text)] },
        Agent = report.Agent with { Node = names.Node(report.Agent.Node), Kernel = KernelNumber(report.Agent.Kernel) },
        Families = [.. report.Families.Select(static family => family with { LastError = Text(family.LastError), Drift = family.Drift with { LastWhat = Text(family.Drift.LastWhat) } })],
        ApiServer = report.ApiServer with { LastError = Text(report.ApiServer.LastError) },
        Refused = report.Refused with { Items = [.. report.Refused.Items.Select(refused => refused with { Service = Service(refused.Service), Error = Text(refused.Error) })] },
        Problems = report.Problems with { Latest = [.. report.Problems.Latest.Select(Text)], Node = [.. report.Problems.Node.Select(Text)] },
        Conntrack = report.Conntrack with { ServicesMissing = Text(report.Conntrack.ServicesMissing), Services = [.. report.Conntrack.Services.Select(flows => flows with { Service = Service(flows.Service) })] },
        HealthCheckPorts = report.HealthCheckPorts with { Items = [.. report.HealthCheckPorts.Items.Select(port => port with { Service = Service(port.Service) })] },
        NewConnections = report.NewConnections is { } connections ? [.. connections.Select(each => each with { Service = Service(each.Service) })] : null,
    };

    private static string Text(string text) => text.Length == 0 ? "" : LeftOut;

    private string Service(string text) => services.Map(text) ?? names.Word(text);

    [GeneratedRegex("""^[a-zA-Z_:][a-zA-Z0-9_:]*(\{((?<label>[a-zA-Z_][a-zA-Z0-9_]*)="(?<value>[^"\\]*)",?)*\})? [-+0-9.eEInfNa]+( [0-9]+)?$""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sample();

    [GeneratedRegex("^[a-zA-Z0-9_+.-]{0,40}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PlainValue();

    [GeneratedRegex(@"^[0-9]+(\.[0-9]+){0,2}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Kernel();
}

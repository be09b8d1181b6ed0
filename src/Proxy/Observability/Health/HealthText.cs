using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Health;

/// <summary>The two forms of a health report: kube-proxy's JSON (spec 9.1), and text.</summary>
internal static class HealthText
{
    private static readonly JsonWriterOptions s_oneLine = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the status of the response is 200.</summary>
    public static bool IsSuccess(HealthReport report, HealthProbe probe) =>
        IsHealthy(report, probe) && (probe != HealthProbe.Healthz || report.IsNodeEligible);

    /// <summary>To restart an agent that cannot write rules would not help, so its liveness does not depend on them.</summary>
    private static bool IsHealthy(HealthReport report, HealthProbe probe) => probe == HealthProbe.Livez ? report.IsAlive : report.IsHealthy;

    /// <summary>Writes kube-proxy's JSON: one line without a line end.</summary>
    public static void WriteJson(HealthReport report, HealthProbe probe, IBufferWriter<byte> output)
    {
        using Utf8JsonWriter json = new(output, s_oneLine);
        json.WriteStartObject();
        json.WriteString("lastUpdated", Time(IsSuccess(report, probe) ? report.CurrentTime : report.LastUpdated));
        json.WriteString("currentTime", Time(report.CurrentTime));
        if (probe == HealthProbe.Healthz)
        {
            json.WriteBoolean("nodeEligible", report.IsNodeEligible);
        }

        json.WriteBoolean("healthy", IsHealthy(report, probe));
        if (report.Families.Count > 0)
        {
            json.WriteStartObject("status");
            foreach (FamilyHealth family in report.Families)
            {
                json.WriteStartObject(Name(family.Family));
                json.WriteString("lastUpdated", Time(family.LastUpdated));
                json.WriteBoolean("healthy", probe == HealthProbe.Livez ? family.IsCurrent : family.IsHealthy);
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        if (report.WaitsFor.Length > 0)
        {
            json.WriteString("waitsFor", report.WaitsFor); // kube-proxy does not answer before its start is complete
        }

        json.WriteEndObject();
    }

    /// <summary>
    /// Describes each check on a line of its own, as the verbose health pages of other Kubernetes components do, with the
    /// reason of a failure.
    /// </summary>
    public static string Describe(HealthReport report, HealthProbe probe)
    {
        StringBuilder text = new();
        if (report.WaitsFor.Length > 0)
        {
            text.Append(IsSuccess(report, probe) ? "[+]" : "[-]").Append("start waits for ").Append(report.WaitsFor).Append('\n');
        }

        if (report.Families.Count == 0 && probe != HealthProbe.Livez)
        {
            text.Append("[-]rules failed: this run of the agent has not written any yet; those of an earlier one stay\n");
        }

        foreach (FamilyHealth family in report.Families)
        {
            Describe(family, report, probe, text);
        }

        if (report.RefusedServices != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"[+]Services ok except {report.RefusedServices} without rules, which the kernel refuses: ").AppendJoin(", ", report.FirstRefusedServices);
            int more = report.RefusedServices - report.FirstRefusedServices.Count;
            text.Append(more == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" and {more} more")).Append('\n');
        }

        foreach (TaskHealth task in report.Tasks)
        {
            text.Append(task.IsHealthy ? "[+]" : "[-]").Append(task.Name).Append(task.IsHealthy ? " started again" : " failed");
            text.Append(CultureInfo.InvariantCulture, $": {task.Failures} failures since {Time(task.Since)}, the last at {Time(task.Last)}");
            text.Append("; last error: ").Append(task.LastError.TrimEnd().ReplaceLineEndings("\n    ")).Append('\n');
        }

        if (report.StalledInput.Length != 0)
        {
            text.Append("[-]manifests failed: ").Append(report.StalledInput).Append('\n');
        }

        if (probe == HealthProbe.Healthz)
        {
            text.Append(report.IsNodeEligible
                ? "[+]node ok\n"
                : "[-]node failed: the Node object is not known yet, is being deleted, or is tainted ToBeDeletedByClusterAutoscaler\n");
        }

        string name = probe switch { HealthProbe.Healthz => "healthz", HealthProbe.Readyz => "readyz", _ => "livez" };
        return text.Append(name).Append(" check ").Append(IsSuccess(report, probe) ? "passed" : "failed").Append('\n').ToString();
    }

    /// <summary>A time as Go writes it: RFC 3339 with a fraction without trailing zeros, and Z for UTC.</summary>
    public static string Time(DateTimeOffset time) =>
        time.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture)
        + (time.Offset == TimeSpan.Zero ? "Z" : time.ToString("zzz", CultureInfo.InvariantCulture));

    private static void Describe(FamilyHealth family, HealthReport report, HealthProbe probe, StringBuilder text)
    {
        bool isLiveness = probe == HealthProbe.Livez;
        bool isOk = isLiveness ? family.IsCurrent : family.IsHealthy;
        text.Append(isOk ? "[+]" : "[-]").Append(Name(family.Family));
        text.Append(isLiveness && !family.AreRulesWritten ? " sync loop" : "").Append(isOk ? " ok" : " failed");
        text.Append(": rules ").Append(family.WereWritten ? "current at " : "not written since the start at ").Append(Time(family.LastUpdated));
        if (family.DriftSince is { } drifted)
        {
            TimeSpan lasting = report.CurrentTime - drifted;
            text.Append(CultureInfo.InvariantCulture, $"; changed by another program at {Time(drifted)} and not repaired for {lasting.TotalSeconds:0.#}s of at most {ProxyHealth.DriftLimit.TotalSeconds:0.#}s: {family.Drift.ReplaceLineEndings(" ")}");
        }

        if (family.PendingSince is { } since)
        {
            TimeSpan waiting = report.CurrentTime - since;
            text.Append(CultureInfo.InvariantCulture, $"; changes wait since {Time(since)}, {waiting.TotalSeconds:0.#}s of at most {report.PendingLimit.TotalSeconds:0.#}s");
        }

        if (family.LastError.Length > 0)
        {
            text.Append("; last error: ").Append(family.LastError.TrimEnd().ReplaceLineEndings("\n    "));
        }

        text.Append('\n');
    }

    private static string Name(IpFamily family) => family == IpFamily.IPv4 ? "IPv4" : "IPv6";
}

using System.Globalization;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>The metrics of the running agent.</summary>
internal static class AgentMetrics
{
    private static readonly Uri s_page = new("http://127.0.0.1:10249/metrics");
    private static readonly string[] s_resources = ["services", "endpointslices", "nodes", "servicecidrs"];

    /// <summary>Waits until every watch has delivered an event or a bookmark since a time.</summary>
    public static async Task UntilEventsSinceAsync(AgentLab lab, DateTimeOffset time)
    {
        double since = time.ToUnixTimeMilliseconds() / 1000.0;
        await UntilAsync(lab, page => Array.TrueForAll(s_resources, resource => Value(page, "watch_last_event_timestamp_seconds", $"resource=\"{resource}\"") >= since));
    }

    /// <summary>Waits until every watch says that it is in a state.</summary>
    public static Task UntilWatchesAreAsync(AgentLab lab, string state) =>
        UntilAsync(lab, page => Array.TrueForAll(s_resources, resource => Value(page, "watch_state", $"resource=\"{resource}\"", $"state=\"{state}\"") == 1));

    private static async Task UntilAsync(AgentLab lab, Func<string, bool> condition)
    {
        string page = "";
        long start = TimeProvider.System.GetTimestamp();
        while (!condition(page))
        {
            if (TimeProvider.System.GetElapsedTime(start) > AgentLab.Patience)
            {
                throw new TimeoutException($"the metrics never say it: {page}\n{lab.Agent.Log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            page = await lab.Http.GetStringAsync(s_page);
        }
    }

    private static double Value(string page, string name, params string[] labels)
    {
        string? line = Array.Find(page.Split('\n'), line => line.Contains(name + "{", StringComparison.Ordinal) && Array.TrueForAll(labels, label => line.Contains(label, StringComparison.Ordinal)));
        return line is null ? double.NaN : double.Parse(line.AsSpan(line.LastIndexOf(' ') + 1), CultureInfo.InvariantCulture);
    }
}

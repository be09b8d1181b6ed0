using System.Diagnostics;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The process as the kernel sees it, under the names that every Prometheus client uses (spec 10.2).</summary>
internal static class ProcessMetrics
{
    private const string SelfFolder = "/proc/self";

    /// <summary>Registers the metrics; they are read when scraped.</summary>
    public static void Register(MetricsPage page)
    {
        page.ReadCounter(
            new("process_cpu_seconds_total", "User and system CPU time spent, in seconds."),
            static () => Environment.CpuUsage.TotalTime.TotalSeconds);
        page.ReadGauge(
            new("process_resident_memory_bytes", "Resident memory, in bytes."),
            static () => Environment.WorkingSet);
        page.ReadGauge(new("process_virtual_memory_bytes", "Virtual memory, in bytes."), VirtualMemory);
        page.ReadGauge(new("process_virtual_memory_max_bytes", "The most virtual memory that the process may have, in bytes; -1 when unlimited."), static () => Limit("Max address space"));
        page.ReadGauge(new("process_max_fds", "The most file descriptors that the process may have open."), static () => Limit("Max open files"));
        page.ReadGauge(
            new("process_open_fds", "Open file descriptors."),
            static () => Directory.EnumerateFileSystemEntries(SelfFolder + "/fd").Count());
        RegisterStartTime(page, MetricStability.None);
    }

    /// <summary>Registers the start time alone, which both pages have.</summary>
    public static void RegisterStartTime(MetricsPage page, MetricStability stability)
    {
        using Process self = Process.GetCurrentProcess();
        double startTime = new DateTimeOffset(self.StartTime).ToUnixTimeMilliseconds() / 1000.0;
        page.ReadGauge(
            new("process_start_time_seconds", "Unix time of the start of the process, in seconds.") { Stability = stability },
            () => startTime);
    }

    private static double? VirtualMemory()
    {
        using Process self = Process.GetCurrentProcess();
        return self.VirtualMemorySize64;
    }

    // proc_pid_limits(5): "Max open files            1024                 524288               files".
    private static double? Limit(string name)
    {
        foreach (string line in File.ReadLines(SelfFolder + "/limits"))
        {
            if (line.StartsWith(name, StringComparison.Ordinal))
            {
                string soft = line[name.Length..].TrimStart().Split(' ')[0];
                return ulong.TryParse(soft, out ulong limit) ? limit : -1.0;
            }
        }

        return null;
    }
}

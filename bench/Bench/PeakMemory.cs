using System.Globalization;

namespace KubeProxySharp.Bench;

/// <summary>Resident memory as the kernel counts it (proc(5): VmRSS, VmHWM, clear_refs).</summary>
internal static class PeakMemory
{
    /// <summary>Runs something; returns by how many bytes resident memory rose above where it was, at the most.</summary>
    public static long Above(Action action)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        Reset(Environment.ProcessId);
        long before = Read(Environment.ProcessId, "VmRSS:");
        action();
        return Math.Max(0, Read(Environment.ProcessId, "VmHWM:") - before);
    }

    /// <summary>Sets the peak of a process to what it has now.</summary>
    public static void Reset(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    /// <summary>Reads a value of a process, in bytes.</summary>
    public static long Read(int process, string field)
    {
        string line = File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(field.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }
}

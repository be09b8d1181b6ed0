using System.Globalization;

namespace KubeProxySharp.Bench;

/// <summary>This process's resident memory as the kernel counts it (proc(5): VmRSS, VmHWM, clear_refs).</summary>
internal static class PeakMemory
{
    /// <summary>Runs something; returns by how many bytes resident memory rose above where it was, at the most.</summary>
    public static long Above(Action action)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        File.WriteAllText("/proc/self/clear_refs", "5");
        long before = Read("VmRSS:");
        action();
        return Math.Max(0, Read("VmHWM:") - before);
    }

    private static long Read(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(line => line.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line.AsSpan(field.Length).Trim().TrimEnd("kB").Trim(), CultureInfo.InvariantCulture);
    }
}

using System.Diagnostics;
using System.Globalization;

namespace KubeProxySharp.Bench;

/// <summary>Wall time and processor time of this process and of its children that ended, the kernel's part of it included.</summary>
/// <param name="Wall">Seconds.</param>
/// <param name="Processor">Seconds, in steps of 10 ms.</param>
internal readonly record struct Cost(double Wall, double Processor)
{
    private const double TicksPerSecond = 100; // USER_HZ

    public static Cost Of(Action action)
    {
        double before = ProcessorSeconds();
        long start = Stopwatch.GetTimestamp();
        action();
        return new(Stopwatch.GetElapsedTime(start).TotalSeconds, ProcessorSeconds() - before);
    }

    public static string Median(List<Cost> costs) => string.Create(
        CultureInfo.InvariantCulture,
        $"{costs.Select(cost => cost.Wall).Order().ElementAt(costs.Count / 2),6:f3} s  {costs.Select(cost => cost.Processor).Order().ElementAt(costs.Count / 2),5:f2} s");

    /// <summary>utime, stime, cutime and cstime of proc(5): the fields 14 to 17, of which the second may contain spaces.</summary>
    private static double ProcessorSeconds()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[11..15].Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}

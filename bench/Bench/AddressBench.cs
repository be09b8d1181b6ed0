using System.Diagnostics;
using System.Globalization;
using System.Net.NetworkInformation;
using KubeProxySharp.Conntrack.Addresses;

namespace KubeProxySharp.Bench;

/// <summary>What it costs to know the addresses on the interfaces of this namespace.</summary>
internal static class AddressBench
{
    private const int Rounds = 50;

    public static void Run(TextWriter output)
    {
        Measure(output, "framework", Framework);
        Measure(output, "listing", static () => InterfaceAddressFeed.ReadOnce().Count);
        using InterfaceAddressFeed feed = InterfaceAddressFeed.Open();
        Measure(output, "no news", () => feed.Update().Count);
    }

    private static int Framework()
    {
        int count = 0;
        foreach (NetworkInterface device in NetworkInterface.GetAllNetworkInterfaces())
        {
            count += device.GetIPProperties().UnicastAddresses.Count;
        }

        return count;
    }

    private static void Measure(TextWriter output, string name, Func<int> read)
    {
        int count = read();
        double[] times = new double[Rounds];
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            read();
            times[round] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }

        double bytes = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;
        Array.Sort(times);
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"read      {name,-10} {count} addresses, median {times[Rounds / 2]:0.000} ms, {bytes / 1024:0.0} kB"));
    }
}

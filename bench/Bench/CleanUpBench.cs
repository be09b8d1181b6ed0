using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace KubeProxySharp.Bench;

/// <summary>
/// What the clean-up of many flows does to the running agent: how long it takes, what it costs in memory, and how much
/// later changes of other Services reach the kernel while it is under way, beside the same changes without it.
/// </summary>
internal static class CleanUpBench
{
    private const int Services = 1000;
    private const int Rounds = 3;
    private const int Changes = 60;
    private const string ClusterIP = "10.96.254.53";
    private const string First = "10.244.1.5";
    private const string Second = "10.244.1.6";

    public static void Run(string program, string server, int stale, TextWriter output)
    {
        using BenchAgent agent = new(program, server, Services);
        foreach (string address in (string[])[ClusterIP, First, Second, "10.244.1.200"])
        {
            agent.Network.Run("ip", "address", "add", address + "/32", "dev", "lo");
        }

        MeasureMoves(agent, output);
        List<double> without = [], during = [], durations = [];
        long memory = 0;
        for (int round = 0; round < Rounds; round++)
        {
            agent.Command("dns " + First);
            agent.Wait(0, "Synced IPv4 rules (partial)");
            Thread.Sleep(2000);
            for (int change = 0; change < Changes; change++)
            {
                without.Add(Change(agent));
            }

            agent.Network.Inside(() => ConntrackBench.Fill(stale, First, destination: ClusterIP));
            agent.ResetPeak();
            long before = agent.Memory.Now;
            int mark = agent.LogLength;
            agent.Command("dns " + Second);
            (long begun, _) = agent.Wait(mark, "Synced IPv4 rules (partial)");
            (long Time, string Text)? removed;
            while ((removed = agent.Find(mark, $"Removed {stale} stale flows")) is null)
            {
                during.Add(Change(agent));
            }

            durations.Add(Stopwatch.GetElapsedTime(begun, removed.Value.Time).TotalSeconds);
            memory = Math.Max(memory, agent.Memory.Peak - before);
        }

        output.WriteLine(Invariant($"{stale} flows of one Service stale at once, {Rounds} rounds: removed in {Median(durations):f2} s (worst {durations.Max():f2} s); memory of the agent +{memory / 1e6:f1} MB"));
        output.WriteLine(Invariant($"  changes of other Services, from the API server to the kernel, {Services} Services:"));
        Write("without the clean-up", without, output);
        Write("while it is under way", during, output);
        output.WriteLine(Invariant($"  delayed by {Median(during) - Median(without):f1} ms in the median, worst case {during.Max() - Median(without):f1} ms above the median without"));
    }

    /// <summary>How long a client that keeps its port goes on talking to an endpoint that is gone.</summary>
    private static void MeasureMoves(BenchAgent agent, TextWriter output)
    {
        agent.Command("dns " + First);
        agent.Wait(0, "Synced IPv4 rules (partial)");
        Socket[] sockets = agent.Network.Inside(() => (Socket[])[Open(First), Open(Second), Open("10.244.1.200")]);
        List<double> moves = [];
        for (int round = 0; round < 10; round++)
        {
            Send(sockets[2]);
            Thread.Sleep(300);
            Socket next = sockets[1 - (round % 2)];
            Drain(next);
            long start = Stopwatch.GetTimestamp();
            agent.Command("dns " + (round % 2 == 0 ? Second : First));
            do
            {
                Send(sockets[2]);
            }
            while (!next.Poll(1000, SelectMode.SelectRead));
            moves.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        Array.ForEach(sockets, socket => socket.Dispose());
        output.WriteLine(Invariant($"a UDP client with a fixed port reaches the new endpoint {Median(moves):f0} ms after the API server has it, worst of {moves.Count} {moves.Max():f0} ms"));
    }

    private static double Change(BenchAgent agent)
    {
        int mark = agent.LogLength;
        long start = Stopwatch.GetTimestamp();
        agent.Command("touch 1");
        return Stopwatch.GetElapsedTime(start, agent.Wait(mark, "Synced IPv4 rules (partial)").Time).TotalMilliseconds;
    }

    private static Socket Open(string address)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(new IPAddress(Bytes(address)), 53));
        return socket;
    }

    private static void Send(Socket client) => client.SendTo("ping"u8, new IPEndPoint(new IPAddress(Bytes(ClusterIP)), 53));

    private static void Drain(Socket socket)
    {
        while (socket.Available > 0)
        {
            socket.Receive(new byte[64]);
        }
    }

    private static byte[] Bytes(string address) => [.. address.Split('.').Select(part => byte.Parse(part, CultureInfo.InvariantCulture))];

    private static void Write(string what, List<double> delays, TextWriter output) =>
        output.WriteLine(Invariant($"    {what,-22} median {Median(delays),6:f1} ms, worst {delays.Max(),6:f1} ms, {delays.Count} changes"));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

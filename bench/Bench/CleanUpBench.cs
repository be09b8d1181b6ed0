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
    private const int Bound = 50;
    private const int Rounds = 5;
    private const int Changes = 40;
    private const string ClusterIP = "10.96.254.53";
    private const string First = "10.244.1.5";
    private const string Second = "10.244.1.6";

    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(1);

    /// <summary>After a pass the agent rests three times as long as it took; with few flows that is far less than this.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromSeconds(2);

    /// <summary>Between two moves, so that each begins with a quiet agent; nothing that is measured waits for it.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(300);

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
            Serve(agent, Second);
            Serve(agent, First);
            Thread.Sleep(s_rest);
            for (int change = 0; change < Changes; change++)
            {
                without.Add(Change(agent));
            }

            // The flow of the client that moved is stale too, and would spoil the count.
            agent.Network.Run("conntrack", "-F");
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
                if (Stopwatch.GetElapsedTime(begun) > s_limit)
                {
                    throw new InvalidOperationException("the agent did not remove the stale flows in time");
                }
            }

            durations.Add(Stopwatch.GetElapsedTime(begun, removed.Value.Time).TotalSeconds);
            memory = Math.Max(memory, agent.Memory.Peak - before);
        }

        output.WriteLine(Invariant($"{stale} flows of one Service stale at once, {Rounds} rounds: removed in {Median(durations):f2} s (worst {durations.Max():f2} s); memory of the agent +{memory / 1e6:f1} MB"));
        output.WriteLine(Invariant($"  changes of other Services, from the API server to the kernel, {Services} Services:"));
        Write("without the clean-up", without, output);
        Write("while it is under way", during, output);
        double usual = Median(without);
        output.WriteLine(Invariant($"  delayed by {Median(during) - usual:f1} ms in the median; more than {Bound} ms above {usual:f1} ms: {Late(during, usual)} of {during.Count} changes with it, {Late(without, usual)} of {without.Count} without"));
    }

    /// <summary>How long a client that keeps its port goes on talking to an endpoint that is gone.</summary>
    private static void MeasureMoves(BenchAgent agent, TextWriter output)
    {
        Serve(agent, First);
        Socket[] sockets = agent.Network.Inside(() => (Socket[])[Open(First), Open(Second), Open("10.244.1.200")]);
        List<double> moves = [];
        for (int round = 0; round < 10; round++)
        {
            Send(sockets[2]);
            Thread.Sleep(s_pause);
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

    private static void Serve(BenchAgent agent, string endpoint)
    {
        int mark = agent.LogLength;
        agent.Command("dns " + endpoint);
        agent.Wait(mark, "Synced IPv4 rules (partial)");
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

    private static void Send(Socket client)
    {
        try
        {
            client.SendTo("ping"u8, new IPEndPoint(new IPAddress(Bytes(ClusterIP)), 53));
        }
        catch (SocketException)
        {
            // Refused as long as the Service has no endpoint.
        }
    }

    private static void Drain(Socket socket)
    {
        while (socket.Available > 0)
        {
            socket.Receive(new byte[64]);
        }
    }

    private static byte[] Bytes(string address) => [.. address.Split('.').Select(part => byte.Parse(part, CultureInfo.InvariantCulture))];

    private static int Late(List<double> delays, double usual) => delays.Count(delay => delay > usual + Bound);

    private static void Write(string what, List<double> delays, TextWriter output) =>
        output.WriteLine(Invariant($"    {what,-22} median {Median(delays),6:f1} ms, nine of ten below {delays.Order().ElementAt(delays.Count * 9 / 10),6:f1} ms, worst {delays.Max(),6:f1} ms, {delays.Count} changes"));

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

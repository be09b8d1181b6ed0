using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Bench;

/// <summary>
/// What counting connections costs: a full transaction and a connection with and without it, in turns, and a reading. What one rule that
/// counts takes is too little to be seen in a connection, so a chain gets many more of them and the difference is divided.
/// </summary>
internal static class CountersBench
{
    private const int Rounds = 9;
    private const int Readings = 51;
    private const int MoreRules = 1000;
    private const string Frontend = "192.0.2.200";
    private const string Endpoint = "192.0.2.201";

    private static readonly NftablesOptions s_counting = NftablesOptions.Default with { HasServiceCounters = true };

    /// <summary>Measures.</summary>
    /// <param name="services">The number of Services.</param>
    /// <param name="endpoints">The endpoints of each.</param>
    /// <param name="connections">The connections of a round.</param>
    /// <param name="output">Gets the figures.</param>
    public static void Run(int services, int endpoints, int connections, TextWriter output)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, endpoints);
        state.Set(Samples.Service with { ClusterIP = Frontend, ClusterIPs = [Frontend] }, []);
        state.Set(Samples.Slice(Samples.Endpoint(Endpoint)));
        FamilyRules rules = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4.After;
        state.Set(UniformCluster.Slice(0, endpoints, first: Endpoint));
        FamilyRules changed = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4.After;
        NetworkNamespace.Run(() =>
        {
            Ip("link set lo up");
            Ip($"address add {Endpoint}/32 dev lo");
            Ip($"route add {Frontend}/32 dev lo");
            using BatchConnection connection = BatchConnection.Open();
            MeasureTransactions(rules, connection, connections, output);
            foreach (int used in (int[])[300, services])
            {
                MeasureReading(rules, changed, connection, used, output);
            }
        });
    }

    private static void MeasureTransactions(FamilyRules rules, BatchConnection connection, int connections, TextWriter output)
    {
        NftBatch without = new(), with = new();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, without);
        NftablesRenderer.WriteFull(rules, s_counting, with);
        string more = string.Concat(Enumerable.Repeat("insert rule ip kube-proxy cluster-1 update @counted-cluster { ip daddr . meta l4proto . th dport }\n", MoreRules));
        List<double> loads = [], countingLoads = [], connects = [], countingConnects = [], manyConnects = [];
        Connect(connections); // so that the first round is like the others
        for (int round = 0; round < Rounds; round++)
        {
            loads.Add(Seconds(() => CapturedBatch.Send(connection, without.Messages)));
            connects.Add(Connect(connections));
            countingLoads.Add(Seconds(() => CapturedBatch.Send(connection, with.Messages)));
            countingConnects.Add(Connect(connections));
            Nft(more);
            manyConnects.Add(Connect(connections));
        }

        output.WriteLine(Invariant($"medians of {Rounds}              without    counting"));
        output.WriteLine(Invariant($"messages                {without.Messages.Length,9}   {with.Messages.Length,9}  bytes"));
        output.WriteLine(Invariant($"full transaction        {1000 * Median(loads),9:f1}   {1000 * Median(countingLoads),9:f1}  ms"));
        output.WriteLine(Invariant($"connection, with end    {1e6 * Median(connects),9:f1}   {1e6 * Median(countingConnects),9:f1}  us"));
        output.WriteLine(Invariant($"one rule that counts    {1e9 * (Median(manyConnects) - Median(countingConnects)) / MoreRules,21:f0}  ns"));
    }

    /// <summary>Counters of some frontends, as if each had been connected to.</summary>
    private static void MeasureReading(FamilyRules rules, FamilyRules changed, BatchConnection connection, int used, TextWriter output)
    {
        NftBatch batch = new();
        NftablesRenderer.WriteFull(rules, s_counting, batch);
        CapturedBatch.Send(connection, batch.Messages);
        StringBuilder script = new();
        foreach (ServiceRules service in rules.Services.Values.Take(used))
        {
            script.Append(CultureInfo.InvariantCulture, $"add element ip kube-proxy counted-cluster {{ {service.Ports[0].Spec.ClusterIP} . tcp . 80 counter packets 7 bytes 420 }}\n");
        }

        Nft(script.ToString());
        NftablesConnectionCounters counters = new(IpFamily.IPv4, HostNetns.Instance);
        counters.Rules.Written(rules, isClean: true);
        List<ConnectionCount> counts = [];
        List<double> first = [], again = [];
        long allocated = 0;
        for (int reading = 0; reading < Readings; reading++)
        {
            // The rules have changed since the last reading: the owners of frontends are collected again.
            counters.Rules.Written(reading % 2 == 0 ? changed : rules, isClean: true);
            first.Add(Read(counters, counts, used));
            long before = GC.GetAllocatedBytesForCurrentThread();
            again.Add(Read(counters, counts, used));
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        output.WriteLine(Invariant($"reading of {used} counters: {1000 * Median(again):f2} ms, {allocated / 1e3:f0} kB allocated; after a change of rules {1000 * Median(first):f2} ms"));
    }

    private static double Read(NftablesConnectionCounters counters, List<ConnectionCount> counts, int expected)
    {
        counts.Clear();
        string? error = null;
        double seconds = Seconds(() => error = counters.Read(counts));
        return error is null && counts.Count == expected ? seconds : throw new InvalidOperationException(error ?? Invariant($"{counts.Count} counters"));
    }

    /// <summary>Seconds of a connection through the Service, with its end.</summary>
    private static double Connect(int connections)
    {
        using Socket listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(Address(Endpoint), 8080));
        listener.Listen();
        IPEndPoint frontend = new(Address(Frontend), 80);
        return Seconds(() =>
        {
            for (int each = 0; each < connections; each++)
            {
                using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    client.Connect(frontend);
                }
                catch (SocketException)
                {
                    return; // the warm-up, before there are rules
                }

                using Socket server = listener.Accept();
                client.LingerState = new(true, 0); // no TIME_WAIT, so ports do not run out
            }
        }) / connections;
    }

    private static IPAddress Address(string text)
    {
        byte[] bytes = new byte[4];
        IpAddress.Parse(text).WriteBytes(bytes);
        return new(bytes);
    }

    private static void Ip(string arguments) => CapturedBatch.RunTool("ip", arguments.Split(' '));

    private static void Nft(string script)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, script);
            CapturedBatch.RunTool("nft", "-f", path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static double Seconds(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

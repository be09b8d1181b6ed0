using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Bench;

/// <summary>
/// Transactions as netlink batches beside <c>nft -f</c> of the same as text that is already written, in turns: wall time, and
/// processor time of this process and of nft (proc(5), in ticks of 10 ms), the kernel's part of it included. "Heard" is with
/// the sockets of two drift watches, for which the kernel writes a message about each object and element, as it does for a socket in
/// any network namespace of the host: agents that run elsewhere spoil that comparison. "By Service" is in the
/// messages in which a refused transaction is sent again.
/// </summary>
internal static class BatchBench
{
    private const int FullRounds = 9;
    private const int UpdateRounds = 200;
    private const double TicksPerSecond = 100; // USER_HZ

    public static void Run(int services, int endpoints, TextWriter output)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, endpoints);
        NetworkNamespace.Run(() =>
        {
            using BatchConnection connection = BatchConnection.Open();
            MeasureFull(builder.Current.IPv4, connection, output);
            MeasureUpdates(services, endpoints, state, builder, connection, output);
        });
    }

    private static void MeasureFull(FamilyRules rules, BatchConnection connection, TextWriter output)
    {
        string path = Path.GetTempFileName();
        try
        {
            ArrayBufferWriter<byte> script = new();
            NftablesRenderer.WriteFull(rules, NftablesOptions.Default, script);
            File.WriteAllBytes(path, script.WrittenSpan);
            NftBatch batch = new(), byService = batch;
            List<Cost> byNft = [], rendered = [], sent = [], heard = [], apart = [];
            for (int round = 0; round < FullRounds; round++)
            {
                byNft.Add(Measure(() => Nft(path)));
                rendered.Add(Measure(() => NftablesRenderer.WriteFull(rules, NftablesOptions.Default, batch)));
                sent.Add(Measure(() => Send(connection, batch)));
                using NetlinkSocket ipv4 = Listen(), ipv6 = Listen();
                heard.Add(Measure(() => Send(connection, batch)));
                ipv4.Dispose();
                ipv6.Dispose();
                byService = NftBatch.ByService(batch);
                NftablesRenderer.WriteFull(rules, NftablesOptions.Default, byService);
                apart.Add(Measure(() => Send(connection, byService)));
            }

            output.WriteLine(Invariant($"full: {script.WrittenCount / 1e6:f1} MB of text, {batch.Messages.Length / 1e6:f1} MB of messages; medians of {FullRounds}, wall and processor"));
            output.WriteLine(Invariant($"  nft -f           {Median(byNft)}"));
            output.WriteLine(Invariant($"  batch, rendered  {Median(rendered)}"));
            output.WriteLine(Invariant($"  batch, sent      {Median(sent)}"));
            output.WriteLine(Invariant($"  the same, heard  {Median(heard)}"));
            output.WriteLine(Invariant($"  by Service, sent {Median(apart)}  {byService.Messages.Length / 1e6:f1} MB"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void MeasureUpdates(int services, int endpoints, ClusterState state, RuleModelBuilder builder, BatchConnection connection, TextWriter output)
    {
        NftBatch batch = new();
        List<double> milliseconds = [];
        for (int round = 0; round < UpdateRounds; round++)
        {
            state.Set(UniformCluster.Slice(round * 79 % services, endpoints, $"10.64.{round / 250}.{round % 250}"));
            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4;
            long start = Stopwatch.GetTimestamp();
            NftablesRenderer.WriteUpdate(change, NftablesOptions.Default, batch);
            Send(connection, batch);
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        milliseconds.Sort();
        output.WriteLine(Invariant($"one endpoint replaced, {UpdateRounds} times: median {milliseconds[UpdateRounds / 2]:f2} ms, 99th percentile {milliseconds[UpdateRounds * 99 / 100]:f2} ms"));
    }

    /// <summary>A socket that is notified of changes of rules, as each drift watch has one, with a filter that drops those of a full transaction of ours.</summary>
    private static NetlinkSocket Listen()
    {
        NetlinkSocket socket = NetlinkSocket.Open(groups: 1u << (7 - 1)); // NFNLGRP_NFTABLES
        return socket.Filter([new(0x06, 0, 0, 0)]) == 0 ? socket : throw new InvalidOperationException("no filter"); // BPF_RET|BPF_K
    }

    private static void Send(BatchConnection connection, NftBatch batch)
    {
        BatchResult result = connection.Send(batch.Messages);
        if (!result.IsApplied)
        {
            throw new InvalidOperationException($"errno {result.Error}, {string.Join(", ", result.Refusals)}");
        }
    }

    private static void Nft(string path)
    {
        using Process nft = Process.Start("nft", ["-f", path]);
        nft.WaitForExit();
        if (nft.ExitCode != 0)
        {
            throw new InvalidOperationException($"nft ended with {nft.ExitCode}");
        }
    }

    private static Cost Measure(Action action)
    {
        double before = ProcessorSeconds();
        long start = Stopwatch.GetTimestamp();
        action();
        return new(Stopwatch.GetElapsedTime(start).TotalSeconds, ProcessorSeconds() - before);
    }

    /// <summary>utime, stime, cutime and cstime of proc(5): the fields 14 to 17, of which the second may contain spaces.</summary>
    private static double ProcessorSeconds()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[11..15].Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    private static string Median(List<Cost> costs) => Invariant(
        $"{costs.Select(cost => cost.Wall).Order().ElementAt(costs.Count / 2),6:f3} s  {costs.Select(cost => cost.Processor).Order().ElementAt(costs.Count / 2),5:f2} s");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private readonly record struct Cost(double Wall, double Processor);
}

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
/// Transactions as netlink batches beside <c>nft -f</c> of the same as text that is already written, and beside the messages
/// that nft sent for it, sent again: the kernel's part of nft's time. In turns; wall time, and processor time of this process
/// and of nft (proc(5), in ticks of 10 ms), the kernel's part of it included. "Listened to" is with the sockets of two drift
/// watches, for which the kernel writes a message about each object and element, as it does for a socket in any network
/// namespace of the host: agents that run elsewhere spoil that comparison. "By Service" is in the messages in which a refused
/// transaction is sent again.
/// </summary>
internal static class BatchBench
{
    private const int FullRounds = 9;
    private const int UpdateRounds = 200;

    /// <summary>Measures full transactions, then updates.</summary>
    /// <param name="services">The number of Services.</param>
    /// <param name="endpoints">The endpoints of each.</param>
    /// <param name="capture">The library made of bench/capture-batch.c.</param>
    /// <param name="output">Gets the figures.</param>
    public static void Run(int services, int endpoints, string capture, TextWriter output)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, endpoints);
        NetworkNamespace.Run(() =>
        {
            using BatchConnection connection = BatchConnection.Open();
            MeasureFull(builder.Current.IPv4, connection, capture, output);
            MeasureUpdates(services, endpoints, state, builder, connection, output);
        });
    }

    private static void MeasureFull(FamilyRules rules, BatchConnection connection, string capture, TextWriter output)
    {
        string path = Path.GetTempFileName();
        try
        {
            ArrayBufferWriter<byte> script = new();
            NftablesRenderer.WriteFull(rules, NftablesOptions.Default, script);
            File.WriteAllBytes(path, script.WrittenSpan);
            NftBatch batch = new(), byService = batch;
            byte[] ofNft = CapturedBatch.Of(capture, "nft", "-f", path).Single();
            List<Cost> byNft = [], replayed = [], rendered = [], sent = [], heard = [], apart = [];
            for (int round = 0; round < FullRounds; round++)
            {
                byNft.Add(Cost.Of(() => CapturedBatch.RunTool("nft", "-f", path)));
                replayed.Add(Cost.Of(() => CapturedBatch.Send(connection, ofNft)));
                rendered.Add(Cost.Of(() => NftablesRenderer.WriteFull(rules, NftablesOptions.Default, batch)));
                sent.Add(Cost.Of(() => CapturedBatch.Send(connection, batch.Messages)));
                using NetlinkSocket ipv4 = Listen(), ipv6 = Listen();
                heard.Add(Cost.Of(() => CapturedBatch.Send(connection, batch.Messages)));
                ipv4.Dispose();
                ipv6.Dispose();
                byService = NftBatch.ByService(batch);
                NftablesRenderer.WriteFull(rules, NftablesOptions.Default, byService);
                apart.Add(Cost.Of(() => CapturedBatch.Send(connection, byService.Messages)));
            }

            output.WriteLine(Invariant($"full: {script.WrittenCount / 1e6:f1} MB of text, {batch.Messages.Length / 1e6:f1} MB of messages ({ofNft.Length / 1e6:f1} MB of nft); medians of {FullRounds}, wall and processor"));
            output.WriteLine(Invariant($"  nft -f           {Cost.Median(byNft)}"));
            output.WriteLine(Invariant($"  nft's messages   {Cost.Median(replayed)}"));
            output.WriteLine(Invariant($"  batch, rendered  {Cost.Median(rendered)}"));
            output.WriteLine(Invariant($"  batch, sent      {Cost.Median(sent)}"));
            output.WriteLine(Invariant($"  ... listened to  {Cost.Median(heard)}"));
            output.WriteLine(Invariant($"  by Service, sent {Cost.Median(apart)}  {byService.Messages.Length / 1e6:f1} MB"));
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
            CapturedBatch.Send(connection, batch.Messages);
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

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

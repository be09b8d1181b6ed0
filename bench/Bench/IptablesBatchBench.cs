using System.Buffers;
using System.Globalization;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Bench;

/// <summary>
/// One changed endpoint in iptables mode: <c>iptables-nft-restore</c> beside the batches that it sends, one for each table, sent again, which is the
/// kernel's part of it. In turns, after one full load.
/// </summary>
internal static class IptablesBatchBench
{
    private const int Rounds = 5;

    /// <summary>Measures one changed endpoint.</summary>
    /// <param name="services">The number of Services.</param>
    /// <param name="endpoints">The endpoints of each.</param>
    /// <param name="capture">The library made of bench/capture-batch.c.</param>
    /// <param name="output">Gets the figures.</param>
    public static void Run(int services, int endpoints, string capture, TextWriter output)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, endpoints);
        NetworkNamespace.Run(() =>
        {
            DirectoryInfo directory = Directory.CreateTempSubdirectory("kps-bench-");
            try
            {
                Nfacct.CreateCounters();
                using BatchConnection connection = BatchConnection.Open();
                string listing = Path.Combine(directory.FullName, "listing");
                int length = Write(listing, text => IptablesRenderer.WriteListing(builder.Current.IPv4, IptablesOptions.Default, text));
                Cost full = Cost.Of(() => Restore(listing));
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"full: {length / 1e6:f1} MB of text, once: {full.Wall:f3} s, {full.Processor:f2} s"));

                // One change and its opposite, since chains that are made or deleted twice are refused.
                string there = Path.Combine(directory.FullName, "there"), back = Path.Combine(directory.FullName, "back");
                length = Write(there, text => WriteChange(state, builder, UniformCluster.Slice(services / 2, endpoints, "10.64.0.1"), text));
                Write(back, text => WriteChange(state, builder, UniformCluster.Slice(services / 2, endpoints), text));
                Restore("--noflush", there);
                IReadOnlyList<byte[]> batches = CapturedBatch.Of(capture, "iptables-nft-restore", "--noflush", back);
                List<Cost> restored = [], replayed = [];
                for (int round = 0; round < Rounds; round++)
                {
                    restored.Add(Cost.Of(() => Restore("--noflush", there)));
                    replayed.Add(Cost.Of(() => Send(connection, batches)));
                }

                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one endpoint: {length / 1e3:f0} kB of text, {batches.Sum(batch => batch.Length) / 1e3:f0} kB of messages; medians of {Rounds}, wall and processor"));
                output.WriteLine($"  iptables-nft-restore  {Cost.Median(restored)}");
                output.WriteLine($"  its messages          {Cost.Median(replayed)}");
            }
            finally
            {
                directory.Delete(recursive: true);
            }
        });
    }

    private static void Send(BatchConnection connection, IReadOnlyList<byte[]> batches)
    {
        foreach (byte[] batch in batches)
        {
            CapturedBatch.Send(connection, batch);
        }
    }

    private static void WriteChange(ClusterState state, RuleModelBuilder builder, EndpointSlice slice, IBufferWriter<byte> text)
    {
        state.Set(slice);
        IptablesRenderer.WritePartialRestore(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4, IptablesOptions.Default, text);
    }

    private static int Write(string path, Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> text = new();
        write(text);
        File.WriteAllBytes(path, text.WrittenSpan);
        return text.WrittenCount;
    }

    private static void Restore(params string[] arguments) => CapturedBatch.RunTool("iptables-nft-restore", arguments);
}

using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Bench;

/// <summary>
/// Full and incremental syncs with the real nft and kernel, each next to its floor: <c>nft -f</c> of a script that is
/// already written. Floor and sync take turns, so that noise hits both.
/// </summary>
internal static class NftablesBench
{
    private const int FullRounds = 5;
    private const int UpdateRounds = 40;

    public static void WriteHead(TextWriter output)
    {
        output.WriteLine("                 |  one full sync, median of 5                             |  one endpoint replaced, median of 40      |  removed, then added again");
        output.WriteLine("services   each  |  render  render+load    floor   ratio   script   memory  |  render+load   worst   elements  rules  |  render+load   worst   elements  rules");
    }

    public static void Run(int services, int endpoints, TextWriter output)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, endpoints);
        NetworkNamespace.Run(() =>
        {
            output.Write(Invariant($"{services,8}  {endpoints,5}  |"));
            MeasureFull(builder.Current.IPv4, output);
            MeasureUpdates(builder, state, round => UniformCluster.Slice(round * 79 % services, endpoints, $"10.64.0.{round}"), output);

            // Two rounds for each Service, the second of which undoes the first.
            MeasureUpdates(builder, state, round => UniformCluster.Slice(round / 2 * 83 % services, endpoints - 1 + (round % 2)), output);
            output.WriteLine();
        });
    }

    private static void MeasureFull(FamilyRules rules, TextWriter output)
    {
        string path = Path.GetTempFileName();
        try
        {
            ArrayBufferWriter<byte> script = Full(rules);
            File.WriteAllBytes(path, script.WrittenSpan);
            int length = script.WrittenCount;
            script = new();
            long peak = PeakMemory.Above(() => Full(rules));

            List<double> renders = [], syncs = [], floors = [];
            for (int round = 0; round < FullRounds; round++)
            {
                floors.Add(Seconds(() => Nft("-f", path, default)));
                syncs.Add(Seconds(() => Nft("-f", "-", Full(rules).WrittenMemory)));
                renders.Add(Seconds(() => Full(rules)));
            }

            double ratio = Median(syncs) / Median(floors);
            output.Write(Invariant($"  {Median(renders),4:f2} s  {Median(syncs),9:f2} s  {Median(floors),5:f2} s  {ratio,6:f2}  {length / 1e6,4:f1} MB  {peak / 1e6,4:f0} MB"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void MeasureUpdates(RuleModelBuilder builder, ClusterState state, Func<int, EndpointSlice> next, TextWriter output)
    {
        List<double> seconds = [];
        int elements = 0;
        int rules = 0;
        for (int round = 2; round < UpdateRounds + 2; round++)
        {
            state.Set(next(round));
            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4;
            string script = "";
            seconds.Add(Seconds(() =>
            {
                ArrayBufferWriter<byte> update = new();
                NftablesRenderer.WriteUpdate(change, NftablesOptions.Default, update);
                Nft("-f", "-", update.WrittenMemory);
                script = Encoding.UTF8.GetString(update.WrittenSpan);
            }));
            string[] commands = script.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            elements = Math.Max(elements, commands.Count(line => line.Contains(" element ", StringComparison.Ordinal)));
            rules = Math.Max(rules, commands.Count(line => !line.Contains(" element ", StringComparison.Ordinal)));
        }

        output.Write(Invariant($"  |  {1000 * Median(seconds),8:f1} ms  {1000 * seconds.Max(),3:f0} ms  {elements,9}  {rules,5}"));
    }

    private static ArrayBufferWriter<byte> Full(FamilyRules rules)
    {
        ArrayBufferWriter<byte> output = new();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, output);
        return output;
    }

    private static void Nft(string option, string path, ReadOnlyMemory<byte> input)
    {
        using Process nft = Process.Start(new ProcessStartInfo("nft", [option, path]) { RedirectStandardInput = true, UseShellExecute = false })!;
        nft.StandardInput.BaseStream.Write(input.Span);
        nft.StandardInput.Close();
        nft.WaitForExit();
        if (nft.ExitCode != 0)
        {
            throw new InvalidOperationException($"nft ended with {nft.ExitCode}");
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

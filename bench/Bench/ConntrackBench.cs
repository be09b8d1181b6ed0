using System.Diagnostics;
using System.Globalization;
using System.Text;
using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Bench;

/// <summary>
/// Passes over a full conntrack table in a network namespace, each next to its yardstick, <c>conntrack -L</c> into nothing,
/// and to its floor, a listing that is not evaluated. They alternate, so that noise affects all of them.
/// </summary>
internal static class ConntrackBench
{
    private const int Rounds = 5;

    public static void Run(int flows, int stale, TextWriter output)
    {
        MeasureIndex(44_000, output);
        NetworkNamespace.Run(() =>
        {
            StaleFlows staleFlows = new(Model("10.244.1.5"));
            using ConntrackTable table = ConntrackTable.Open();
            FlowCleanUp cleanUp = new(table, staleFlows, TimeProvider.System);
            Fill(flows, "10.244.1.5");
            MeasureHealthy("all UDP", flows, table, cleanUp, output);
            ChildProcess.Run("conntrack", "", "-F");
            Fill(flows / 5, "10.244.1.5");
            Fill(flows - (flows / 5), "10.244.1.5", firstNetwork: 200, protocol: "tcp --state ESTABLISHED");
            MeasureHealthy("one in five UDP, the others TCP", flows / 5, table, cleanUp, output);

            ChildProcess.Run("conntrack", "", "-F");
            Fill(flows - stale, "10.244.1.5");
            Fill(stale, "10.244.1.9", firstNetwork: 200);
            FlowCleanUpResult? cleaned = null;
            long memory = PeakMemory.Above(() => cleaned = cleanUp.Run(CancellationToken.None));
            Check(cleaned!.Deleted.Total == stale, "the pass did not delete every stale flow");
            output.WriteLine(Invariant($"{stale} stale flows among {flows}: deleted in {cleaned.Duration.TotalSeconds:f2} s; memory +{memory / 1e6:f1} MB"));
        });
    }

    private static void MeasureHealthy(string what, int examined, ConntrackTable table, FlowCleanUp cleanUp, TextWriter output)
    {
        cleanUp.Run(CancellationToken.None);
        List<double> passes = [], lists = [], walls = [], floors = [], ratios = [];
        for (int round = 0; round < Rounds; round++)
        {
            lists.Add(ChildSeconds(() => ChildProcess.Run("sh", "", "-c", "exec conntrack -L >/dev/null 2>&1")));
            FlowCleanUpResult? result = null;
            passes.Add(OwnSeconds(() => result = cleanUp.Run(CancellationToken.None)));
            walls.Add(result!.Duration.TotalSeconds);
            floors.Add(OwnSeconds(PlainListing.Receive));
            ratios.Add(passes[^1] / lists[^1]);
            Check(result.Examined == examined && result.Stale.Total == 0, "the pass did not find every flow healthy");
        }

        long memory = PeakMemory.Above(() => cleanUp.Run(CancellationToken.None));
        string each = string.Join(' ', ratios.Select(ratio => Invariant($"{ratio:f2}")));
        output.WriteLine(Invariant($"{table.ReadSize().Entries} healthy flows, {what}:"));
        output.WriteLine(Invariant($"  conntrack -L {Median(lists):f3} s CPU; our pass {Median(passes):f3} s ({Median(walls):f3} s in all), ratio {Median(ratios):f2} (rounds {each}); memory +{memory / 1e6:f1} MB"));
        output.WriteLine(Invariant($"  floor: receiving the kernel's listing of all UDP flows without looking at it {Median(floors):f3} s CPU, {Median(floors) / Median(lists):f2} of conntrack -L"));
    }

    private static void MeasureIndex(int services, TextWriter output)
    {
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(services, 5);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Stopwatch clock = Stopwatch.StartNew();
        StaleFlows index = new(builder.Current, includesTcp: true);
        double build = clock.Elapsed.TotalMilliseconds;
        long bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        List<double> updates = [], walks = [];
        for (int round = 2; round < 42; round++)
        {
            state.Set(UniformCluster.Slice(round * 79, 5, $"10.64.0.{round}"));
            IReadOnlyCollection<NamespacedName> names = state.TakeChanges();
            RuleModelChange change = builder.Update(names, Nodes.IPv4, Nodes.IPv6);
            clock.Restart();
            index.Update(change, names);
            updates.Add(clock.Elapsed.TotalMilliseconds);
            clock.Restart();
            index.Update(change.After);
            walks.Add(clock.Elapsed.TotalMilliseconds);
        }

        output.WriteLine(Invariant($"index of {services} Services: built in {build:f0} ms, {bytes / 1e6:f1} MB; update by name {Median(updates):f3} ms, by a walk {Median(walks):f1} ms"));
    }

    private static RuleModelSnapshot Model(string endpoint)
    {
        Service service = Samples.Service with { Ports = [new ServicePort { Name = "http", Port = 53, Protocol = "UDP" }] };
        EndpointSlice slice = Samples.Slice(Samples.Endpoint(endpoint)) with { Ports = [new SlicePort("http", TransportProtocol.Udp, 53)] };
        return Samples.Model([service], [slice]);
    }

    internal static void Fill(int count, string endpoint, int firstNetwork = 0, string protocol = "udp", string destination = "10.96.0.10")
    {
        StringBuilder lines = new();
        for (int number = 0; number < count; number++)
        {
            string source = Invariant($"172.{16 + (firstNetwork == 0 ? 0 : 1)}.{number / 250 % 250}.{1 + (number % 250)}");
            int port = 1024 + (number / 62500);
            lines.Append(CultureInfo.InvariantCulture, $"-A -t 6000 -u SEEN_REPLY -s {source} -d {destination} -r {endpoint} -q {source} -p {protocol} --sport {port} --dport 53 --reply-port-src 53 --reply-port-dst {port}\n");
        }

        ChildProcess.Run("conntrack", lines.ToString(), "-R", "-");
    }

    private static double OwnSeconds(Action action)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    /// <summary>Processor time of a child that was waited for (proc(5): cutime and cstime, hundredths of a second).</summary>
    private static double ChildSeconds(Action child)
    {
        long before = Ticks();
        child();
        return (Ticks() - before) / 100.0;

        static long Ticks()
        {
            string[] fields = File.ReadAllText("/proc/self/stat").Split(") ")[1].Split(' ');
            return long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture);
        }
    }

    private static void Check(bool isTrue, string otherwise)
    {
        if (!isTrue)
        {
            throw new InvalidOperationException(otherwise);
        }
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}

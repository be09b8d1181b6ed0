using System.Globalization;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>
/// Whatever changes, each service port keeps its counts and gets none of another one. The counts are put into the sets by nft; each value is
/// the number of whose it is, so that a count of another service port is recognised.
/// </summary>
[Trait("Category", "Netns")]
public sealed class CountersOfChangesTests
{
    private static readonly NftablesOptions s_counting = new() { HasServiceCounters = true };

    [SkippableTheory]
    [InlineData(IpFamily.IPv4, 1, false)]
    [InlineData(IpFamily.IPv4, 2, false)]
    [InlineData(IpFamily.IPv6, 3, false)]
    [InlineData(IpFamily.IPv4, 4, true)]
    [InlineData(IpFamily.IPv6, 5, true)]
    public async Task CountersFollowTheFrontends(IpFamily family, int seed, bool usesProgram)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        cluster.ApplyChanges(state, 30);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier applier = node.Nftables(family, usesProgram, s_counting);
        Assert(await applier.ApplyFullAsync(builder.Current[family], default));
        Numbers numbers = new();
        for (int step = 1; step <= 30; step++)
        {
            FamilyRules before = builder.Current[family];
            IReadOnlyList<CountedKey> destinations = Destinations(before);
            FrontendOwners owners = new(before);
            node.Run("nft", Script(family, destinations, owners, numbers), "-f", "-");
            cluster.ApplyChanges(state, 1 + (step % 5));
            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family];

            bool isFull = step % 7 == 0 || !applier.CanUpdate(change);
            Assert(isFull ? await applier.ApplyFullAsync(change.After, default) : await applier.ApplyUpdateAsync(change, default));

            List<ConnectionCount> counts = [];
            applier.Counters!.Read(counts).Should().BeNull(); // the options say that it counts
            FrontendOwners after = new(change.After);
            IEnumerable<string> expected =
                from set in CountingSets.All.AsSpan().ToArray()
                from destination in destinations
                let owner = Owner(owners, destination)
                let now = Owner(after, destination)
                where owner is not null && now is not null && StaleCounters.IsSameCounter(set, owner.Value, now.Value)
                select $"{now.Value.ServicePort} {numbers.Of(set, now.Value)}";
            counts.Select(count => $"{count.ServicePort} {count.Value}").Should().BeEquivalentTo(expected, "seed {0}, step {1}, full: {2}", seed, step, isFull);
            CounterReading reading = new(family, node.Runner.Network);
            reading.Read().Should().BeNull();
            reading.Counters.Should().HaveSameCount(counts, "no element stays of a frontend that is gone");
        }

        (await applier.IsIntactAsync(default)).Should().BeTrue("what the sets hold is not part of the rules");
        node.Run("nft", $"delete rule {NftNames.FamilyName(family)} kube-proxy drop-chain handle {Handle(node, family)}\n", "-f", "-");
        (await applier.IsIntactAsync(default)).Should().BeFalse("the rules that count are");
    }

    /// <summary>While Services come and go a reading has all counters of the others, with their values, or says that it has not.</summary>
    [SkippableFact]
    public async Task ReadingsBesideUpdatesAreRight()
    {
        const int Lasting = 200;
        (ClusterState state, RuleModelBuilder builder) = UniformCluster.Build(Lasting, 1);
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier applier = node.Nftables(IpFamily.IPv4, usesProgram: false, s_counting);
        FamilyRules lasting = builder.Current.IPv4;
        Assert(await applier.ApplyFullAsync(lasting, default));
        Numbers numbers = new();
        FrontendOwners owners = new(lasting);
        node.Run("nft", Script(IpFamily.IPv4, Destinations(lasting), owners, numbers), "-f", "-");
        string[] expected = [.. from set in CountingSets.All.AsSpan().ToArray() from key in Destinations(lasting) let owner = Owner(owners, key)!.Value select $"{owner.ServicePort} {numbers.Of(set, owner)}"];
        int read = 0;
        using CancellationTokenSource stop = new();
        Task reader = Task.Run(() =>
        {
            List<ConnectionCount> counts = [];
            while (!stop.IsCancellationRequested)
            {
                counts.Clear();
                if (applier.Counters!.Read(counts) is null) // the options say that it counts
                {
                    counts.Where(static count => count.ServicePort.Service != Samples.Web).Select(count => $"{count.ServicePort} {count.Value}").Should().BeEquivalentTo(expected);
                    read++;
                }
            }
        });

        for (int step = 0; step < 150 && !reader.IsCompleted; step++)
        {
            if (step % 4 == 0)
            {
                state.RemoveService(Samples.Web);
            }
            else
            {
                state.Set(Samples.LoadBalancer, []);
                state.Set(Samples.Slice([.. Enumerable.Range(5, step % 3).Select(static last => Samples.Endpoint($"10.244.1.{last}", "ready local"))]));
            }

            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).IPv4;
            Assert(await applier.ApplyUpdateAsync(change, default));
            node.Run("nft", "add element ip kube-proxy counted-cluster { 203.0.113.9 . tcp . 80 counter packets 99 bytes 0 }\n", "-f", "-");
        }

        await stop.CancelAsync();
        await reader;
        read.Should().BePositive();
    }

    private static string Handle(TestNode node, IpFamily family) =>
        node.Run("nft", "", "-a", "list", "chain", NftNames.FamilyName(family), "kube-proxy", "drop-chain")
            .Split('\n').Single(static line => line.Contains("counted-", StringComparison.Ordinal)).Split("# handle ")[1].Trim();

    private static FrontendOwner? Owner(FrontendOwners owners, CountedKey destination) => owners.TryFind(destination, out FrontendOwner owner) ? owner : null;

    /// <summary>What clients connect to: of node ports one address of the node.</summary>
    private static List<CountedKey> Destinations(FamilyRules rules)
    {
        IpAddress node = IpAddress.Parse(rules.Family == IpFamily.IPv4 ? "192.0.2.10" : "2001:db8::10");
        HashSet<CountedKey> destinations = [];
        foreach (ServicePortRules port in rules.Services.Values.SelectMany(static service => service.Ports.AsSpan().ToArray()))
        {
            for (int index = 0; index < port.FrontendCount; index++)
            {
                Frontend frontend = port.FrontendAt(index);
                if (port.Owns(frontend))
                {
                    CountedKey key = FrontendOwners.Key(port, frontend);
                    destinations.Add(frontend.Kind == FrontendKind.NodePort ? key with { Address = node } : key);
                }
            }
        }

        return [.. destinations];
    }

    /// <summary>The elements that packets would add; those that are there keep their counts.</summary>
    private static string Script(IpFamily family, IReadOnlyList<CountedKey> destinations, FrontendOwners owners, Numbers numbers)
    {
        StringBuilder script = new();
        foreach (string set in CountingSets.All)
        {
            foreach (CountedKey key in destinations)
            {
                script.Append(
                    CultureInfo.InvariantCulture,
                    $"add element {NftNames.FamilyName(family)} kube-proxy {set} {{ {key.Address} . {key.Protocol.ToLowerName()} . {key.Port} counter packets {numbers.Of(set, Owner(owners, key)!.Value)} bytes 0 }}\n"); // made of the same rules
            }
        }

        return script.ToString();
    }

    private static void Assert(ApplyResult result) => result.IsApplied.Should().BeTrue(result.Error);

    /// <summary>Numbers of those whose counters go on.</summary>
    private sealed class Numbers
    {
        private readonly Dictionary<(ServicePortName, TrafficPolicy?), int> _numbers = [];

        public int Of(string set, FrontendOwner owner)
        {
            (ServicePortName, TrafficPolicy?) key = (owner.ServicePort, set is CountingSets.SentToCluster or CountingSets.SentToLocal ? null : owner.Policy);
            return _numbers.TryGetValue(key, out int number) ? number : _numbers[key] = _numbers.Count + 1;
        }
    }
}

/// <summary>Texts of protocols in scripts.</summary>
internal static class ProtocolNames
{
    public static string ToLowerName(this TransportProtocol protocol) => protocol switch
    {
        TransportProtocol.Tcp => "tcp",
        TransportProtocol.Udp => "udp",
        _ => "sctp",
    };
}

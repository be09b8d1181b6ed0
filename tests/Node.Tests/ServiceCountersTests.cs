using KubeProxySharp.Node.Tests.AgentTools;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>Connections of Services are counted by nftables rules, with real packets.</summary>
[Trait("Category", "Netns")]
public sealed class ServiceCountersTests
{
    private const string First = "10.244.1.5";
    private const string Second = "10.244.1.6";
    private const string Third = "10.244.1.7";
    private const string Elsewhere = "10.244.2.5";

    private static readonly NftablesOptions s_counting = new() { HasServiceCounters = true };

    /// <summary>Nothing is masqueraded: that is another matter, and the node has no pods that connect.</summary>
    private static readonly NodeSettings s_settings = Nodes.IPv4 with { LocalTraffic = LocalTrafficDetector.None };

    [SkippableTheory]
    [InlineData(false, "")]
    [InlineData(false, "ClientIP")]
    [InlineData(true, "")]
    [InlineData(true, "ClientIP")]
    public async Task EachConnectionIsCountedOnceAndScalingKeepsTheCounts(bool usesProgram, string affinity)
    {
        using CountedNode lab = new(First, Second, Third);
        Rules rules = new(lab.Node.Nftables(IpFamily.IPv4, usesProgram, s_counting));
        rules.State.Set(Shop("web", affinity), []);
        rules.State.Set(Slice("web", First));
        await rules.WriteAsync();

        lab.Connections(isOutside: false, "10.96.0.10", 80, 2);
        lab.Connections(isOutside: true, "198.51.100.7", 80, 3);
        lab.Connections(isOutside: true, "192.0.2.10", 30080, 1);
        lab.Datagrams(isOutside: false, "10.96.0.10", 53, 3);
        lab.Datagrams(isOutside: true, "192.0.2.10", 30053, 4);
        lab.Datagrams(isOutside: true, "203.0.113.9", 53, 5);
        await rules.ShouldCountAsync("web:http Cluster Sent 6", "web:dns Cluster Sent 12");

        rules.State.Set(Slice("web", First, Second, Third));
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "192.0.2.10", 30053, 1);
        await rules.ShouldCountAsync("web:http Cluster Sent 6", "web:dns Cluster Sent 13");

        rules.State.Set(Slice("web"));
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 2);
        lab.Datagrams(isOutside: true, "192.0.2.10", 30053, 1);
        await rules.ShouldCountAsync("web:http Cluster Sent 6", "web:dns Cluster Sent 13", "web:dns Cluster Refused 3");

        rules.State.Set(Slice("web", Second, Third));
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);
        lab.Datagrams(isOutside: false, "10.96.0.10", 53, 1);
        await rules.ShouldCountAsync("web:http Cluster Sent 6", "web:dns Cluster Sent 15", "web:dns Cluster Refused 3");
    }

    /// <summary>Policy Local has a group of its own, and what the node itself sends goes to the other one.</summary>
    [SkippableTheory]
    [InlineData(false, "")]
    [InlineData(false, "ClientIP")]
    [InlineData(true, "")]
    public async Task TheGroupIsTheOneThatTheConnectionWentTo(bool usesProgram, string affinity)
    {
        using CountedNode lab = new(First);
        Rules rules = new(lab.Node.Nftables(IpFamily.IPv4, usesProgram, s_counting));
        rules.State.Set(Shop("web", affinity) with { ExternalTrafficPolicy = "Local" }, []);
        rules.State.Set(Slice("web", First, Elsewhere));
        await rules.WriteAsync();

        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 2);
        lab.Datagrams(isOutside: true, "192.0.2.10", 30053, 1);
        lab.Datagrams(isOutside: false, "198.51.100.7", 53, 4);
        lab.Datagrams(isOutside: true, "10.96.0.10", 53, 1);
        await rules.ShouldCountAsync("web:dns Local Sent 3", "web:dns Cluster Sent 5");

        rules.State.Set(Slice("web", Elsewhere));
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);
        lab.Datagrams(isOutside: true, "192.0.2.10", 30053, 1);
        lab.Datagrams(isOutside: false, "198.51.100.7", 53, 1);
        await rules.ShouldCountAsync("web:dns Local Sent 3", "web:dns Cluster Sent 6", "web:dns Local NoLocalEndpoints 2");
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatSourceRangesDropIsCounted(bool usesProgram)
    {
        using CountedNode lab = new(First);
        Rules rules = new(lab.Node.Nftables(IpFamily.IPv4, usesProgram, s_counting));
        rules.State.Set(Shop("web", "") with { LoadBalancerSourceRanges = ["203.0.113.0/24", "192.0.2.10/32"] }, []);
        rules.State.Set(Slice("web", First));
        await rules.WriteAsync();

        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 3);
        lab.Datagrams(isOutside: false, "198.51.100.7", 53, 2);
        await rules.ShouldCountAsync("web:dns Cluster SourceRanges 3", "web:dns Cluster Sent 2");

        rules.State.Set(Shop("web", "") with { LoadBalancerSourceRanges = ["203.0.113.0/24"] }, []);
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);
        await rules.ShouldCountAsync("web:dns Cluster SourceRanges 4", "web:dns Cluster Sent 2");
    }

    /// <summary>A full transaction keeps the counts; an agent that begins counts from 0, though the sets go on.</summary>
    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task FullTransactionsKeepTheCountsAndAnotherAgentBeginsAtZero(bool usesProgram)
    {
        using CountedNode lab = new(First);
        Rules rules = new(lab.Node.Nftables(IpFamily.IPv4, usesProgram, s_counting));
        rules.State.Set(Shop("web", ""), []);
        rules.State.Set(Slice("web", First));
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 3);
        await rules.ShouldCountAsync("web:dns Cluster Sent 3");

        await rules.WriteAsync(isFull: true);
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);
        await rules.ShouldCountAsync("web:dns Cluster Sent 4");

        Rules next = rules.With(lab.Node.Nftables(IpFamily.IPv4, usesProgram, s_counting));
        next.Read().Should().BeEmpty("it does not know yet whose counters these are");
        await next.WriteAsync(isFull: true);
        await next.ShouldCountAsync("web:dns Cluster Sent 0");
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 2);
        await next.ShouldCountAsync("web:dns Cluster Sent 2");
        await next.WriteAsync(isFull: true);
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);
        await next.ShouldCountAsync("web:dns Cluster Sent 3");

        lab.Node.Run("nft", "", "flush", "set", "ip", "kube-proxy", CountingSets.SentToCluster);
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);
        await next.ShouldCountAsync("web:dns Cluster Sent 1");

        Rules without = rules.With(lab.Node.Nftables(IpFamily.IPv4, usesProgram));
        await without.WriteAsync(isFull: true);
        lab.Node.Time.Advance(TimeSpan.FromMinutes(1));
        await without.WriteAsync(isFull: true);
        lab.Node.NftTable(IpFamily.IPv4).Should().NotContain(line => line.Contains("counted-", StringComparison.Ordinal) || line.Contains("drop-chain", StringComparison.Ordinal));
    }

    /// <summary>A Service that gets the frontends of a deleted one does not get its counts.</summary>
    [SkippableTheory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task CountsOfAFrontendDoNotPassToAnotherService(bool usesProgram, bool isFull)
    {
        using CountedNode lab = new(First);
        Rules rules = new(lab.Node.Nftables(IpFamily.IPv4, usesProgram, s_counting));
        rules.State.Set(Shop("web", ""), []);
        rules.State.Set(Slice("web", First));
        await rules.WriteAsync();
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 3);
        lab.Datagrams(isOutside: true, "192.0.2.10", 30053, 2);
        await rules.ShouldCountAsync("web:dns Cluster Sent 5");

        rules.State.RemoveService(new("shop", "web"));
        rules.State.Set(Shop("other", ""), []);
        rules.State.Set(Slice("other", First));
        await rules.WriteAsync(isFull);
        lab.Datagrams(isOutside: true, "198.51.100.7", 53, 1);

        await rules.ShouldCountAsync("other:dns Cluster Sent 1");
    }

    private static Service Shop(string name, string affinity) => Samples.LoadBalancer with
    {
        Name = new("shop", name),
        SessionAffinity = affinity,
        Ports =
        [
            new ServicePort { Name = "http", Port = 80, NodePort = 30080 },
            new ServicePort { Name = "dns", Protocol = "UDP", Port = 53, NodePort = 30053 },
        ],
    };

    private static EndpointSlice Slice(string service, params string[] endpoints) =>
        Samples.Slice([.. endpoints.Select(address => Samples.Endpoint(address, address == Elsewhere ? "ready" : "ready local"))]) with
        {
            Name = new("shop", service + "-1"),
            ServiceName = service,
            Ports = [new SlicePort("http", TransportProtocol.Tcp, 8080), new SlicePort("dns", TransportProtocol.Udp, 5353)],
        };

    /// <summary>Writes the rules of a state that changes, and reads the counts.</summary>
    private sealed class Rules(NftablesApplier applier, ClusterState? state = null)
    {
        private RuleModelBuilder? _builder;

        public ClusterState State { get; } = state ?? new(allowExternalIPs: true);

        /// <summary>The same state, written by another applier.</summary>
        public Rules With(NftablesApplier other) => new(other, State);

        public async Task WriteAsync(bool isFull = false)
        {
            bool isFirst = _builder is null;
            _builder ??= new(State, s_settings, Nodes.IPv6);
            IReadOnlyCollection<NamespacedName> changed = State.TakeChanges();
            FamilyChange change = _builder.Update(isFirst ? State.ServiceNames : changed, s_settings, Nodes.IPv6).IPv4;
            ApplyResult result = isFirst || isFull ? await applier.ApplyFullAsync(change.After, default) : await applier.ApplyUpdateAsync(change, default);
            result.IsApplied.Should().BeTrue(result.Error);
        }

        public IReadOnlyList<string> Read()
        {
            List<ConnectionCount> counts = [];
            applier.Counters!.Read(counts).Should().BeNull(); // the options say that it counts
            return
            [
                .. from count in counts
                   group count by (count.ServicePort, count.Group, count.Fate) into sum
                   select $"{sum.Key.ServicePort.Service.Name}:{sum.Key.ServicePort.Port} {sum.Key.Group} {sum.Key.Fate} {sum.Sum(static count => (long)count.Value)}",
            ];
        }

        /// <summary>A packet may be on its way still.</summary>
        public async Task ShouldCountAsync(params string[] expected)
        {
            HashSet<string> wanted = [.. expected];
            await Eventually.IsTrueAsync(() => wanted.SetEquals(Read()), 5);
            Read().Should().BeEquivalentTo(expected);
        }
    }
}

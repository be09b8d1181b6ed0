using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.Proxy.Agent.Counting;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Tests.Agent.Counting;

/// <summary>Each connection is added to exactly one total, and no total decreases.</summary>
public sealed class ConnectionTotalsTests
{
    private static readonly ConnectionCell s_sent = new(IpFamily.IPv4, TrafficPolicy.Cluster, ConnectionFate.Sent);

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(15);

    private TimeSpan _now;

    /// <summary>Random counters that increase, begin anew, end and come back, in complete and incomplete readings.</summary>
    [Fact]
    public void TheTotalsAreTheSumOfWhatWasRead() => Prop.ForAll(ArbMap.Default.ArbFor<int>(), seed =>
    {
        Random random = new(seed);
        int most = random.Next(6);
        ConnectionTotals totals = new(most, TimeSpan.Zero);
        SimulatedCounters kernel = new(random);
        Dictionary<(ServicePortName?, ConnectionCell), ulong> before = [];
        for (int second = 1; second <= 60; second++)
        {
            kernel.Run();
            for (int source = 0; source < SimulatedCounters.Sources; source++)
            {
                bool isComplete = random.Next(4) != 0;
                totals.Add(source, CollectionsMarshal.AsSpan(kernel.Read(source, isComplete)), isComplete);
            }

            totals.Assign(TimeSpan.FromSeconds(second));

            Dictionary<(ServicePortName?, ConnectionCell), ulong> after = All(totals);
            before.Where(each => after[each.Key] < each.Value).Should().BeEmpty("seed {0}", seed);
            after.Values.Aggregate(0UL, static (sum, value) => sum + value).Should().Be(kernel.Seen, "seed {0}", seed);
            totals.Shown.Should().HaveCount(Math.Min(most, totals.Ports.Count), "seed {0}", seed);
            totals.Shown.Distinct().Count(static port => port.IsShown).Should().Be(totals.Ports.Count(static port => port.IsShown)).And.Be(totals.Shown.Count, "seed {0}", seed);
            before = after;
        }
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void AFirstReadingCountsSinceTheCounterBegan()
    {
        ConnectionTotals totals = new(1, TimeSpan.Zero);

        Read(totals, Sent("a", 7));

        totals.Shown.Single().Total(s_sent).Should().Be(7);
        totals.Other(s_sent).Should().BeNull();
    }

    /// <summary>A scrape must see the old value of a series before it increases, or the increase is not counted by rate().</summary>
    [Fact]
    public void WhoTakesThePlaceOfAnotherBeginsWithTheTotalThatItHad()
    {
        ConnectionTotals totals = new(1, TimeSpan.Zero);
        Read(totals, Sent("a", 100), Sent("b", 1));

        Read(totals, Sent("a", 100), Sent("b", 1001));
        Shown(totals).Should().Be(("b", 0));
        totals.Other(s_sent).Should().Be(1001);

        Read(totals, Sent("a", 100), Sent("b", 1005));
        Shown(totals).Should().Be(("b", 4));
        totals.Other(s_sent).Should().Be(1001);

        Read(totals, Sent("a", 9100), Sent("b", 1005));
        Shown(totals).Should().Be(("a", 100));
        totals.Other(s_sent).Should().Be(10001);
    }

    [Fact]
    public void OfTwoWithSimilarRatesTheOneThatIsShownStays()
    {
        ConnectionTotals totals = new(1, TimeSpan.Zero);
        Read(totals, Sent("a", 1000), Sent("b", 0));

        Read(totals, Sent("a", 1000), Sent("b", 1500));

        Shown(totals).Should().Be(("a", 1000));
    }

    [Fact]
    public void WithoutPlacesEverythingIsInTheSum()
    {
        ConnectionTotals totals = new(0, TimeSpan.Zero);

        Read(totals, Sent("a", 7), Sent("b", 2));

        totals.Shown.Should().BeEmpty();
        totals.SummedPorts.Should().Be(2);
        totals.Other(s_sent).Should().Be(9);
    }

    [Fact]
    public void AServicePortIsForgottenSomeTimeAfterItsCountersEnded()
    {
        ConnectionTotals totals = new(1, TimeSpan.Zero);
        Read(totals, Sent("a", 7));

        _now += ConnectionTotals.Kept - s_interval;
        Read(totals);
        Shown(totals).Should().Be(("a", 7));

        Read(totals, Sent("b", 1));

        Shown(totals).Should().Be(("b", 1));
        totals.Other(s_sent).Should().BeNull("its connections would look like new ones");
    }

    [Fact]
    public void NothingIsAllocatedForCountersThatAreKnown()
    {
        ConnectionTotals totals = new(10, TimeSpan.Zero);
        ConnectionCount[] counts = [.. Enumerable.Range(0, 1000).Select(static number => Sent($"service-{number}", 1))];
        for (int reading = 0; reading < 3; reading++)
        {
            Read(totals, counts);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Read(totals, counts);

        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(1000);
    }

    private void Read(ConnectionTotals totals, params ConnectionCount[] counts)
    {
        totals.Add(0, counts, isComplete: true);
        _now += s_interval;
        totals.Assign(_now);
    }

    private static (string, ulong?) Shown(ConnectionTotals totals) => (totals.Shown.Single().Name.Service.Name, totals.Shown.Single().Total(s_sent));

    private static ConnectionCount Sent(string service, ulong value) =>
        new(new(new("shop", service), "http", TransportProtocol.Tcp), IpFamily.IPv4, TrafficPolicy.Cluster, ConnectionFate.Sent, 0, value);

    private static Dictionary<(ServicePortName?, ConnectionCell), ulong> All(ConnectionTotals totals)
    {
        Dictionary<(ServicePortName?, ConnectionCell), ulong> all = [];
        foreach (ConnectionCell cell in ConnectionCell.All)
        {
            foreach (ServicePortConnections port in totals.Ports)
            {
                all.Add((port.Name, cell), port.Total(cell) ?? 0);
            }

            all.Add((null, cell), totals.Other(cell) ?? 0);
        }

        return all;
    }

    /// <summary>Counters as a kernel has them, and how much of what they counted was read.</summary>
    private sealed class SimulatedCounters(Random random)
    {
        public const int Sources = 2;

        private readonly List<Counter> _counters = [];
        private ulong _numbers;

        public ulong Seen { get; private set; }

        public void Run()
        {
            for (int step = 0; step < 20; step++)
            {
                if (_counters.Count < 3 || random.Next(10) == 0)
                {
                    ServicePortName port = new(new("ns", $"service-{random.Next(10)}"), "", TransportProtocol.Tcp);
                    _counters.Add(new()
                    {
                        Source = random.Next(Sources),
                        Port = port,
                        Group = (TrafficPolicy)random.Next(2),
                        Fate = (ConnectionFate)random.Next(4),
                        Number = _numbers++,
                    });
                    continue;
                }

                Counter counter = _counters[random.Next(_counters.Count)];
                switch (random.Next(8))
                {
                    case 0:
                        _counters.Remove(counter);
                        break;
                    case 1 when counter.Read != 0:
                        counter.Value = (ulong)random.NextInt64((long)counter.Read); // begins anew
                        counter.Read = 0;
                        break;
                    default:
                        counter.Value += (ulong)random.Next(100);
                        break;
                }

                // What it counted before it began anew and until it is read is not to be told from an increase: it stays below.
                counter.Value = counter.Read == 0 && counter.Last != 0 ? Math.Min(counter.Value, counter.Last - 1) : counter.Value;
            }
        }

        public List<ConnectionCount> Read(int source, bool isComplete)
        {
            List<ConnectionCount> counts = [];
            foreach (Counter counter in _counters.Where(counter => counter.Source == source && (isComplete || random.Next(2) == 0)))
            {
                Seen += counter.Value - counter.Read;
                counter.Read = counter.Last = counter.Value;
                counts.Add(new(counter.Port, (IpFamily)source, counter.Group, counter.Fate, counter.Number, counter.Value));
            }

            return counts;
        }

        private sealed class Counter
        {
            public required int Source { get; init; }

            public required ServicePortName Port { get; init; }

            public required TrafficPolicy Group { get; init; }

            public required ConnectionFate Fate { get; init; }

            public required ulong Number { get; init; }

            public ulong Value { get; set; }

            /// <summary>How much of its value was read since it began.</summary>
            public ulong Read { get; set; }

            /// <summary>The value of the last reading.</summary>
            public ulong Last { get; set; }
        }
    }
}

using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

public sealed class SyncLoopTests
{
    private static readonly EndpointSlice s_slice = Samples.Slice(Samples.Endpoint("10.244.1.5"));

    [Fact]
    public async Task NothingIsWrittenBeforeEverythingIsListed()
    {
        await using LoopUnderTest test = new();
        test.Start();

        test.Loop.Feed.Services.Put(Samples.Service);
        test.Loop.Feed.Services.Listed();
        test.Loop.Feed.EndpointSlices.Put(s_slice);
        test.Loop.Feed.Nodes.Listed();
        await Task.Yield();
        test.IPv4.Calls.Should().BeEmpty();
        test.Loop.Feed.EndpointSlices.Listed();

        await test.UntilAsync(() => test.IPv4.Kernel is not null && test.IPv6.Kernel is not null, "both families are written");
        test.IPv4.Calls.Should().Equal("full");
        test.IPv4.Kernel!.Services.Should().ContainKey(Samples.Web);
        test.IPv4.Kernel.EndpointCount.Should().Be(1);
    }

    [Fact]
    public async Task AChangeIsAnUpdate()
    {
        await using LoopUnderTest test = await StartedAsync();

        test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.5"), Samples.Endpoint("10.244.1.6")));

        await test.UntilAsync(() => test.IPv4.Kernel!.EndpointCount == 2, "the endpoint arrives");
        test.IPv4.Calls.Should().Equal("full", "update");
        test.IPv6.Calls.Should().Equal(["full"], "nothing changed there");
    }

    [Fact]
    public async Task ChangesThatComeMeanwhileAreMerged()
    {
        await using LoopUnderTest test = await StartedAsync();
        TaskCompletionSource release = new();
        test.IPv4.Before = _ => release.Task;
        test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.6")));
        await test.UntilAsync(() => test.IPv4.Calls.Length == 2, "the first change is under way");

        for (int last = 7; last < 200; last++)
        {
            test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint($"10.244.1.{last}")));
        }

        release.SetResult();
        await test.UntilAsync(() => Target(test) == "10.244.1.199", "the last change arrives");
        test.IPv4.Calls.Should().Equal("full", "update", "update");
    }

    /// <summary>Health would wait for ever for a sync that nothing asks for any more.</summary>
    [Fact]
    public async Task ARequestWithNothingLeftToDoIsAnswered()
    {
        await using LoopUnderTest test = await StartedAsync();

        test.Loop.Feed.ServiceCidrs.Listed();

        await test.UntilAsync(() => test.Observer.Told.Contains("IPv4 up to date") && test.Observer.Told.Contains("IPv6 up to date"), "both families are up to date");
        test.IPv4.Calls.Should().Equal("full");
    }

    [Fact]
    public async Task AFailedUpdateIsFollowedByAFullSync()
    {
        await using LoopUnderTest test = await StartedAsync();
        test.IPv4.Scripted.Enqueue(new(ApplyOutcome.Unavailable, "lock held"));

        test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.6")));

        await test.UntilAsync(() => Target(test) == "10.244.1.6", "the change arrives");
        test.IPv4.Calls.Should().Equal("full", "update", "full");
    }

    [Fact]
    public async Task FailuresAreTriedAgainUntilTheyAreOver()
    {
        await using LoopUnderTest test = new();
        for (int failure = 0; failure < 5; failure++)
        {
            test.IPv4.Scripted.Enqueue(new(ApplyOutcome.Unavailable, "no nft"));
        }

        test.Start();
        test.List([Samples.Service], s_slice);

        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the rules are written in the end");
        test.IPv4.Calls.Should().Equal("full", "full", "full", "full", "full", "full");
        test.IPv6.Calls.Should().Equal(["full"], "the other family is not disturbed");
        test.Observer.Reports.Where(report => report.Family == test.IPv4.Family).Select(report => report.Failures).Should().Equal(1, 2, 3, 4, 5, 0);
    }

    [Fact]
    public async Task AFamilyThatFailsWaitsForItsRetryWhileTheOtherIsSynced()
    {
        SyncPolicy patient = new() { MinInterval = TimeSpan.Zero, FirstRetry = TimeSpan.FromHours(1), MaxRetry = TimeSpan.FromHours(1) };
        await using LoopUnderTest test = new(patient);
        test.IPv6.Scripted.Enqueue(new(ApplyOutcome.Refused, "no reason that any Service gives"));
        test.Start();
        test.List([Samples.Service], s_slice);
        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the first sync ends");
        int tries = 0;

        foreach (string address in (string[])["10.244.1.6", "10.244.1.7", "10.244.1.8"])
        {
            test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint(address)));
            await test.UntilAsync(() => Target(test) == address, "the change arrives");
            tries = tries == 0 ? test.IPv6.Calls.Length : tries;
        }

        test.IPv4.Calls.Should().Equal("full", "update", "update", "update");
        test.IPv6.Calls.Should().HaveCount(tries, "neither a full transaction nor a search is due");
    }

    /// <summary>Chains that the kernel still held are deleted in their own time, although nothing changes.</summary>
    [Fact]
    public async Task LeftoversAreRemovedWithoutAnotherSync()
    {
        await using LoopUnderTest test = await StartedAsync();
        string[] before = test.IPv4.Calls;
        test.IPv4.UntilCleanUp = TimeSpan.Zero;

        test.Loop.AddressesChanged(); // wakes the loop; nothing has changed

        await test.UntilAsync(() => test.IPv4.CleanUps == 1, "the clean-up runs");
        test.IPv4.Calls.Should().Equal(before);
    }

    [Fact]
    public async Task DriftIsRepairedAndTold()
    {
        await using LoopUnderTest test = await StartedAsync();
        test.IPv4.Kernel = null;

        test.Loop.Drifted(test.IPv4.Family, "nat flushed by iptables (pid 7)");

        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the rules are back");
        await test.UntilAsync(() => test.Observer.Told.Contains("IPv4 repaired: nat flushed by iptables (pid 7)"), "it is told");
        test.IPv4.Calls.Should().Equal("full", "full");
        test.IPv6.Calls.Should().Equal("full");
    }

    [Fact]
    public async Task ARefusedServiceIsQuarantinedAndTheOthersAreWritten()
    {
        await using LoopUnderTest test = new();
        NamespacedName bad = new("shop", "s17");
        test.IPv4.Refused.Add(bad);
        test.Start();

        test.List(Enumerable.Range(0, 40).Select(Numbered), s_slice);

        await test.UntilAsync(() => test.Observer.Told.Contains("in quarantine: shop/s17") && test.IPv4.Kernel?.Services.Count == 39, "the others are written");
        test.IPv4.Kernel!.Services.Should().HaveCount(39).And.NotContainKey(bad);
        test.Observer.Told.Should().Contain("IPv4 quarantined shop/s17: no room for shop/s17").And.Contain("in quarantine: shop/s17");
        test.IPv4.Calls.Count(call => call == "try").Should().BeLessThan(16);
    }

    [Fact]
    public async Task AQuarantinedServiceIsTriedAgainWhenItChanges()
    {
        await using LoopUnderTest test = new();
        NamespacedName bad = new("shop", "s1");
        test.IPv4.Refused.Add(bad);
        test.Start();
        test.List([Numbered(0), Numbered(1)], s_slice);
        await test.UntilAsync(() => test.Observer.Told.Contains("in quarantine: shop/s1"), "it is named");

        test.IPv4.Refused.Clear();
        test.Loop.Feed.Services.Put(Numbered(1) with { SessionAffinity = "ClientIP" });

        await test.UntilAsync(() => test.IPv4.Kernel!.Services.ContainsKey(bad), "it is back");
        test.Observer.Told.Should().Contain("in quarantine: ");
    }

    /// <summary>If the kernel refuses everything, no Service is to blame.</summary>
    [Fact]
    public async Task NobodyIsQuarantinedForWhatIsNotTheirFault()
    {
        await using LoopUnderTest test = new();
        test.IPv4.Scripted.Enqueue(new(ApplyOutcome.Refused, "table is busy"));
        test.Start();

        test.List([Numbered(0), Numbered(1)], s_slice);

        await test.UntilAsync(() => test.IPv4.Kernel?.Services.Count == 2, "it is tried again");
        test.Observer.Told.Should().NotContain(told => told.Contains("quarantine"));
    }

    [Fact]
    public async Task StoppingLetsASyncFinish()
    {
        await using LoopUnderTest test = await StartedAsync();
        TaskCompletionSource begun = new();
        TaskCompletionSource release = new();
        test.IPv4.Before = async _ =>
        {
            begun.SetResult();
            await release.Task;
        };
        test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.6")));
        await begun.Task;

        Task stopped = test.StopAsync();
        stopped.IsCompleted.Should().BeFalse();
        release.SetResult();
        await stopped;

        Target(test).Should().Be("10.244.1.6");
    }

    [Fact]
    public async Task ASyncThatHangsIsAbortedAfterTheGrace()
    {
        await using LoopUnderTest test = await StartedAsync(new SyncPolicy { MinInterval = TimeSpan.Zero, StopGrace = TimeSpan.FromMilliseconds(1) });
        TaskCompletionSource begun = new();
        test.IPv4.Before = async cancellation =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.Infinite, cancellation);
        };
        test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.6")));
        await begun.Task;

        await test.StopAsync();

        Target(test).Should().Be("10.244.1.5", "the rules stay as they were");
    }

    /// <summary>Whatever comes in whatever order, the kernel ends with what a fresh look at the end state says.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task TheKernelEndsWithTheEndState(int seed)
    {
        Random random = new(seed);
        await using LoopUnderTest test = new();
        test.Start();
        test.List([]);
        Dictionary<NamespacedName, Service> services = [];
        for (int step = 0; step < 500; step++)
        {
            Service service = Numbered(random.Next(20));
            if (random.Next(3) == 0)
            {
                services.Remove(service.Name);
                test.Loop.Feed.Services.Remove(service.Name);
            }
            else
            {
                service = random.Next(2) == 0 ? service : service with { SessionAffinity = "ClientIP" };
                services[service.Name] = service;
                test.Loop.Feed.Services.Put(service);
            }

            if (random.Next(20) == 0)
            {
                test.Loop.Drifted(test.IPv4.Family, "somebody");
            }

            if (random.Next(10) == 0)
            {
                await Task.Yield();
            }
        }

        await test.UntilAsync(() => test.IPv4.Kernel is not null && test.IPv4.Kernel.HasSameContentAs(Samples.Model(services.Values, [], test.IPv4.Kernel.Settings).IPv4), "the end state arrives");
    }

    /// <summary>Whatever throws, and however often: nothing that was reported is lost, and the next sync is a full one.</summary>
    [Theory]
    [InlineData("addresses", 1)]
    [InlineData("addresses", 2)]
    [InlineData("addresses", 20)]
    [InlineData("applier", 1)]
    [InlineData("applier", 2)]
    [InlineData("applier", 20)]
    [InlineData("node", 1)]
    [InlineData("node", 5)]
    [InlineData("service", 1)]
    [InlineData("service", 20)]
    [InlineData("taken", 1)]
    [InlineData("taken", 20)]
    [InlineData("synced", 1)]
    [InlineData("synced", 20)]
    public async Task AnExceptionCostsNothingButTheSync(string where, int failures)
    {
        await using LoopUnderTest test = new();
        test.StartRestarting();
        test.List([Samples.Service, Numbered(1)], s_slice);
        await test.UntilAsync(() => test.Observer.Reports.Count == 2, "the first sync");
        int left = failures;
        test.Observer.Before = what => Throw(what);
        test.IPv4.Before = _ =>
        {
            Throw("applier");
            return Task.CompletedTask;
        };
        test.ReadAddresses = () =>
        {
            Throw("addresses");
            return [IpAddress.Parse("192.0.2.7")];
        };

        lock (test.Loop.Feed.BatchLock)
        {
            test.Loop.Feed.Nodes.Put(new Node { Name = "node-a", Zone = "here" });
            test.Loop.Feed.Services.Put(Numbered(2));
            test.Loop.Feed.Services.Remove(Numbered(1).Name);
            test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.9")));
            test.Loop.AddressesChanged();
        }

        await test.UntilAsync(() => Volatile.Read(ref left) <= 0 && test.Restarts > 0 && test.Observer.Told.Contains("node node-a") && Target(test) == "10.244.1.9", "the change arrives");
        await test.UntilAsync(() => test.IPv6.Kernel!.Settings.Zone == "here", "in both families");
        test.IPv4.Kernel!.Services.Keys.Should().BeEquivalentTo([Samples.Web, Numbered(2).Name]);
        test.IPv4.Calls[^1].Should().Be("full", "nobody knows how far the sync before came");
        test.IPv6.Calls[^1].Should().Be("full");

        void Throw(string what)
        {
            if (what == where && Interlocked.Decrement(ref left) >= 0)
            {
                throw new InvalidOperationException($"{what} failed");
            }
        }
    }

    /// <summary>What arrives while a sync fails is newer than what the sync had taken.</summary>
    [Fact]
    public async Task WhatIsPutBackDoesNotReplaceWhatIsNewer()
    {
        await using LoopUnderTest test = new();
        test.StartRestarting();
        test.List([Samples.Service], s_slice);
        await test.UntilAsync(() => test.Observer.Reports.Count == 2, "the first sync");
        bool hasThrown = false;
        test.Observer.Before = what =>
        {
            if (what == "taken" && !hasThrown)
            {
                hasThrown = true;
                test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.8")));
                throw new InvalidOperationException("failed");
            }
        };

        test.Loop.Feed.EndpointSlices.Put(Samples.Slice(Samples.Endpoint("10.244.1.7")));

        await test.UntilAsync(() => Target(test) == "10.244.1.8", "the newer one wins");
        test.Restarts.Should().Be(1);
    }

    private static async Task<LoopUnderTest> StartedAsync(SyncPolicy? policy = null)
    {
        LoopUnderTest test = new(policy);
        test.Start();
        test.List([Samples.Service], s_slice);
        await test.UntilAsync(() => test.IPv4.Kernel is not null && test.Observer.Reports.Count == 2, "the first sync");
        return test;
    }

    private static Service Numbered(int number) => Samples.Service with
    {
        Name = new("shop", $"s{number}"),
        ClusterIP = $"10.96.1.{number + 1}",
        ClusterIPs = [$"10.96.1.{number + 1}"],
    };

    private static string Target(LoopUnderTest test) => Samples.Texts(test.IPv4.Kernel!.Services[Samples.Web].Ports[0].Endpoints.Cluster);
}

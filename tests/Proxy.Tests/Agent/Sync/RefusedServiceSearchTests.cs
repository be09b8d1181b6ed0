using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

/// <summary>However many Services the kernel refuses, all others are written and every one of the refused is named.</summary>
public sealed class RefusedServiceSearchTests
{
    private static readonly EndpointSlice s_slice = Samples.Slice(Samples.Endpoint("10.244.1.5"));

    /// <summary>Services, how many of them are refused, and the most calls of the tool: a search that tried them one by one would need far more.</summary>
    [Theory]
    [InlineData(2000, 1, 60)]
    [InlineData(2000, 15, 400)]
    [InlineData(2000, 200, 2200)]
    public async Task AllOthersAreWrittenAndAllRefusedOnesNamed(int count, int refused, int mostCalls)
    {
        await using LoopUnderTest test = new();
        Refuse(test.IPv4, count, refused);
        test.Start();

        test.List(Enumerable.Range(0, count).Select(Numbered), s_slice);

        await test.UntilAsync(() => Named(test) == refused, "all are named");
        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Count == count - refused, "all others are written");
        test.IPv4.Kernel!.Services.Keys.Should().NotContain(test.IPv4.Refused);
        test.IPv4.Calls.Length.Should().BeLessThan(mostCalls);
    }

    /// <summary>nft says which lines are wrong, all in one go: then little has to be tried.</summary>
    [Fact]
    public async Task ServicesThatTheToolNamesAreTriedFirst()
    {
        await using LoopUnderTest test = new();
        Refuse(test.IPv4, 2000, 100);
        test.IPv4.NamesLines = true;
        test.Start();

        test.List(Enumerable.Range(0, 2000).Select(Numbered), s_slice);

        await test.UntilAsync(() => Named(test) == 100, "all are named");
        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Count == 1900, "all others are written");
        test.IPv4.Calls.Length.Should().BeLessThan(250);
    }

    /// <summary>In iptables mode an update costs as much as a full restore: Services are tried apart, and written together.</summary>
    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task WhereUpdatesAreDearServicesAreTriedApart(bool namesLines, bool triesManyGroups)
    {
        await using LoopUnderTest test = new();
        test.IPv4.HasCheapUpdates = false;
        test.IPv6.HasCheapUpdates = false;
        test.IPv4.TriesManyGroups = triesManyGroups;
        test.IPv6.TriesManyGroups = triesManyGroups;
        test.IPv4.NamesLines = namesLines;
        Refuse(test.IPv4, 500, 15);
        test.Start();

        test.List(Enumerable.Range(0, 500).Select(Numbered), s_slice);

        await test.UntilAsync(() => Named(test) == 15, "all are named");
        await test.UntilAsync(() => test.IPv4.Kernel?.Services.Count == 485, "all others are written");
        test.IPv4.Calls.Count(call => call != "try").Should().BeLessThan(12);
    }

    /// <summary>A tool that is started costs far more than a small group: two calls for each refused Service, and few besides.</summary>
    [Theory]
    [InlineData(1, 30)]
    [InlineData(15, 100)]
    [InlineData(200, 700)]
    public async Task ManyGroupsAreTriedInOneCall(int refused, int mostCalls)
    {
        await using LoopUnderTest test = new();
        foreach (FakeApplier family in (FakeApplier[])[test.IPv4, test.IPv6])
        {
            family.HasCheapUpdates = false;
            family.TriesManyGroups = true;
        }

        Refuse(test.IPv4, 2000, refused);
        test.Start();

        test.List(Enumerable.Range(0, 2000).Select(Numbered), s_slice);

        await test.UntilAsync(() => Named(test) == refused, "all are named");
        await test.UntilAsync(() => test.IPv4.Kernel?.Services.Count == 2000 - refused, "all others are written");
        test.IPv4.Kernel!.Services.Keys.Should().NotContain(test.IPv4.Refused);
        test.IPv4.Calls.Length.Should().BeLessThan(mostCalls);
    }

    /// <summary>Where no network namespace can be made a trial only checks the form, so the tool is believed when it names a line.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhereTrialsOnlyCheckTheFormTheToolIsBelieved(bool namesLines)
    {
        await using LoopUnderTest test = new();
        test.IPv4.HasCheapUpdates = false;
        test.IPv6.HasCheapUpdates = false;
        test.IPv4.TriesOnlyForm = true;
        test.IPv4.NamesLines = namesLines;
        Refuse(test.IPv4, 200, 5);
        test.Start();

        test.List(Enumerable.Range(0, 200).Select(Numbered), s_slice);

        await test.UntilAsync(() => Named(test) == 5, "all are named");
        await test.UntilAsync(() => test.IPv4.Kernel?.Services.Count == 195, "all others are written");
    }

    /// <summary>Rules of an earlier run are not replaced by those of a few Services that have passed.</summary>
    [Fact]
    public async Task RulesOfAnEarlierRunStayUntilTheOthersAreFound()
    {
        await using LoopUnderTest test = new();
        test.IPv4.HasOldRules = true;
        Refuse(test.IPv4, 300, 3);
        int least = int.MaxValue;
        test.Start();

        test.List(Enumerable.Range(0, 300).Select(Numbered), s_slice);

        await test.UntilAsync(
            () =>
            {
                least = test.IPv4.Kernel is { } rules ? Math.Min(least, rules.Services.Count) : least;
                return Named(test) == 3 && test.IPv4.Kernel?.Services.Count == 297;
            },
            "all others are written");
        least.Should().Be(297, "nothing is written before");
    }

    /// <summary>A version that the kernel refuses does not take away the one before until it is known which Service it is.</summary>
    [Fact]
    public async Task ChangesOfOthersGoOnMeanwhile()
    {
        await using LoopUnderTest test = new();
        test.Start();
        test.List(Enumerable.Range(0, 400).Select(Numbered), s_slice);
        await test.UntilAsync(() => test.IPv4.Kernel?.Services.Count == 400, "the first sync");

        NamespacedName bad = new("shop", "s7");
        test.IPv4.Refused.Add(bad);
        int least = 400;
        foreach (int number in Enumerable.Range(0, 200))
        {
            test.Loop.Feed.Services.Put(Numbered(number) with { SessionAffinity = "ClientIP" });
        }

        await test.UntilAsync(
            () =>
            {
                least = Math.Min(least, test.IPv4.Kernel!.Services.Count);
                return test.Observer.Told.Contains("IPv4 quarantined shop/s7: no room for shop/s7")
                    && test.IPv4.Kernel.Services.Values.Count(service => service.Ports[0].Spec.HasAffinity) == 199;
            },
            "the others have changed");
        least.Should().BeGreaterThanOrEqualTo(399, "only the refused one loses its rules");
        Named(test).Should().Be(1);
    }

    /// <summary>An update is refused too when somebody deleted what it builds on: nobody is to blame for that.</summary>
    [Fact]
    public async Task AMissingBaseIsNobodysFault()
    {
        await using LoopUnderTest test = new();
        test.Start();
        test.List(Enumerable.Range(0, 50).Select(Numbered), s_slice);
        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the first sync");
        test.IPv4.IsBaseMissing = true;

        test.Loop.Feed.Services.Put(Numbered(3) with { SessionAffinity = "ClientIP" });

        await test.UntilAsync(() => test.IPv4.Kernel!.Services[new("shop", "s3")].Ports[0].Spec.HasAffinity, "the change arrives");
        test.Observer.Told.Should().NotContain(told => told.Contains("quarantine"));
    }

    /// <summary>A kernel that refuses now what it took before is not left without rules, and the culprit is found.</summary>
    [Fact]
    public async Task WhatWasTakenOnceMayBeRefusedLater()
    {
        await using LoopUnderTest test = new();
        test.Start();
        test.List(Enumerable.Range(0, 50).Select(Numbered), s_slice);
        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the first sync");
        test.IPv4.HasOldRules = true;
        test.IPv4.Refused.Add(new("shop", "s9"));

        test.Loop.Drifted(test.IPv4.Family, "a chain was deleted");

        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Count == 49, "it is left out");
        Named(test).Should().Be(1);
    }

    private static void Refuse(FakeApplier applier, int count, int refused)
    {
        for (int index = 0; index < refused; index++)
        {
            applier.Refused.Add(Numbered((index * (count / refused)) + 7).Name);
        }
    }

    private static int Named(LoopUnderTest test) => test.Observer.Told.Count(told => told.StartsWith("IPv4 quarantined ", StringComparison.Ordinal));

    private static Service Numbered(int number)
    {
        string address = $"10.96.{(number / 250) + 1}.{(number % 250) + 1}";
        return Samples.Service with { Name = new("shop", $"s{number}"), ClusterIP = address, ClusterIPs = [address] };
    }
}

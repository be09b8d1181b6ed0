using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Tests.Agent.Host;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Sync;

/// <summary>Services that the kernel names when it refuses them are left out at once; with the real kernel in tests/Node.Tests.</summary>
public sealed class NamedRefusalsTests
{
    private static readonly EndpointSlice s_slice = Samples.Slice(Samples.Endpoint("10.244.1.5"));

    /// <summary>However many they are: one transaction that is refused, one without them, and nothing is tried.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(200)]
    [InlineData(1000)]
    public async Task AllOthersAreWrittenByTheNextTransaction(int refused)
    {
        await using LoopUnderTest test = Naming();
        Refuse(test.IPv4, Enumerable.Range(0, 1000).Where(number => number * refused % 1000 < refused));
        test.Start();

        test.List(Enumerable.Range(0, 1000).Select(Numbered), s_slice);

        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the others are written");
        test.IPv4.Calls.Should().Equal("full", "full");
        test.IPv4.Kernel!.Services.Should().HaveCount(1000 - refused);
        Named(test).Should().HaveCount(refused).And.OnlyHaveUniqueItems();
        test.Observer.Told.Where(told => told.StartsWith("in quarantine", StringComparison.Ordinal)).Should().ContainSingle();
    }

    /// <summary>An update is refused too when somebody deleted what it builds on: what is named is tried alone.</summary>
    [Fact]
    public async Task OfAnUpdateToo()
    {
        await using LoopUnderTest test = await StartedAsync();
        Refuse(test.IPv4, [7, 9]);

        Change(test, 5, 6, 7, 8, 9);

        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Values.Count(service => service.Ports[0].Spec.HasAffinity) == 3, "the others change");
        test.IPv4.Calls.Should().Equal("full", "update", "try", "update");
        Named(test).Should().Equal("IPv4 quarantined shop/s7: no room for shop/s7", "IPv4 quarantined shop/s9: no room for shop/s9");
        test.IPv4.Kernel!.Services.Should().HaveCount(48);
    }

    [Fact]
    public async Task AServiceIsTriedAgainWhenItChanges()
    {
        await using LoopUnderTest test = await StartedAsync();
        Refuse(test.IPv4, [7]);
        Change(test, 7);
        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Count == 49, "it is left out");

        test.IPv4.Refused.Clear();
        test.Loop.Feed.Services.Put(Numbered(7));

        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Count == 50, "it is back");
        Named(test).Should().ContainSingle();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task WhatAnUpdateBuildsOnIsWrittenAgainIfItIsGone(bool isSaid)
    {
        await using LoopUnderTest test = await StartedAsync();
        test.IPv4.IsBaseMissing = !isSaid;
        if (isSaid)
        {
            test.IPv4.Scripted.Enqueue(new(ApplyOutcome.Refused, "no such table") { RefusedServices = [new(Numbered(3).Name, "no such table")], RefusesShared = true });
        }

        Change(test, 3);

        await test.UntilAsync(() => test.IPv4.Kernel!.Services[new("shop", "s3")].Ports[0].Spec.HasAffinity, "the change arrives");
        test.IPv4.Calls.Should().Equal(isSaid ? ["full", "update", "full"] : ["full", "update", "try", "full"]);
        test.Observer.Told.Should().Contain("IPv4 base doubted").And.NotContain(told => told.Contains("quarantine"));
    }

    /// <summary>One that is named because of what is missing is not left out with one that is wrong.</summary>
    [Fact]
    public async Task OnlyWhatIsRefusedAloneTooIsLeftOut()
    {
        await using LoopUnderTest test = await StartedAsync();
        test.IPv4.IsBaseMissing = true;
        Refuse(test.IPv4, [4]);

        Change(test, 3, 4);

        await test.UntilAsync(() => test.IPv4.Kernel!.Services.Count == 49, "it is left out");
        test.IPv4.Calls.Should().Equal("full", "update", "try", "full");
        Named(test).Should().Equal("IPv4 quarantined shop/s4: no room for shop/s4");
    }

    /// <summary>What belongs to no Service may be refused because of one all the same: then it is searched.</summary>
    [Fact]
    public async Task WhereNoServiceIsNamedTheyAreSearched()
    {
        await using LoopUnderTest test = Naming();
        Refuse(test.IPv4, [7]);
        test.IPv4.NamesServices = false;
        test.Start();

        test.List(Enumerable.Range(0, 50).Select(Numbered), s_slice);

        await test.UntilAsync(() => Named(test).Length == 1 && test.IPv4.Kernel?.Services.Count == 49, "it is found");
        test.IPv4.Calls.Should().Contain("try");
    }

    /// <summary>Rules are refused that are there without any Service: no Service is left out, and it is tried again.</summary>
    [Fact]
    public async Task WhatBelongsToNoServiceIsNoServicesFault()
    {
        await using LoopUnderTest test = Naming();
        test.IPv4.RefusesShared = true;
        Refuse(test.IPv4, [7]);
        test.Start();
        test.List(Enumerable.Range(0, 50).Select(Numbered), s_slice);
        await test.UntilAsync(() => test.IPv4.Calls.Count(static call => call == "full") >= 3, "it is tried again");
        Named(test).Should().BeEmpty();

        test.IPv4.RefusesShared = false;

        await test.UntilAsync(() => test.IPv4.Kernel is not null, "the rules are written");
        Named(test).Should().ContainSingle();
        test.IPv4.Kernel!.Services.Should().HaveCount(49);
    }

    [Fact]
    public async Task BothFamiliesMayRefuse()
    {
        await using LoopUnderTest test = Naming();
        Refuse(test.IPv4, [7]);
        test.IPv6.NamesServices = true;
        test.IPv6.Scripted.Enqueue(new(ApplyOutcome.Refused, "no") { RefusedServices = [new(Numbered(9).Name, "no")] });
        test.Start();

        test.List(Enumerable.Range(0, 50).Select(Numbered), s_slice);

        await test.UntilAsync(() => test.IPv4.Kernel is not null && test.IPv6.Kernel is not null, "the others are written");
        test.IPv4.Kernel!.Services.Should().HaveCount(48);
        test.Observer.Told.Should().Contain("IPv4 quarantined shop/s7: no room for shop/s7").And.Contain("IPv6 quarantined shop/s9: no");
    }

    private static LoopUnderTest Naming()
    {
        LoopUnderTest test = new();
        test.IPv4.NamesServices = true;
        return test;
    }

    private static async Task<LoopUnderTest> StartedAsync()
    {
        LoopUnderTest test = Naming();
        test.Start();
        test.List(Enumerable.Range(0, 50).Select(Numbered), s_slice);
        await test.UntilAsync(() => test.IPv4.Kernel is not null && test.IPv6.Kernel is not null, "the first sync");
        return test;
    }

    private static void Change(LoopUnderTest test, params int[] numbers)
    {
        lock (test.Loop.Feed.BatchLock)
        {
            foreach (int number in numbers)
            {
                test.Loop.Feed.Services.Put(Numbered(number) with { SessionAffinity = "ClientIP" });
            }
        }
    }

    private static void Refuse(FakeApplier applier, IEnumerable<int> numbers) => applier.Refused.UnionWith(numbers.Select(static number => Numbered(number).Name));

    private static string[] Named(LoopUnderTest test) => [.. test.Observer.Told.Where(static told => told.StartsWith("IPv4 quarantined ", StringComparison.Ordinal))];

    private static Service Numbered(int number)
    {
        string address = $"10.96.{(number / 250) + 1}.{(number % 250) + 1}";
        return Samples.Service with { Name = new("shop", $"s{number}"), ClusterIP = address, ClusterIPs = [address] };
    }
}

using System.Buffers;
using System.Text;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>The nftables applier with netlink messages.</summary>
[Trait("Category", "Netns")]
public sealed class NftNetlinkApplierTests() : NftablesApplierTests(usesProgram: false);

/// <summary>The nftables applier with the program nft.</summary>
[Trait("Category", "Netns")]
public sealed class NftProgramApplierTests() : NftablesApplierTests(usesProgram: true);

/// <summary>The nftables applier against the real kernel, whose rules nft lists.</summary>
/// <param name="usesProgram">Whether the program nft writes the rules.</param>
public abstract class NftablesApplierTests(bool usesProgram)
{
    public static TheoryData<string, IpFamily> Recordings()
    {
        TheoryData<string, IpFamily> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            recordings.Add(name, IpFamily.IPv4);
            recordings.Add(name, IpFamily.IPv6);
        }

        return recordings;
    }

    /// <summary>Over the recorded table of kube-proxy, and over our own: each time the table that nft makes of nothing.</summary>
    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public async Task RecordedCasesComeOutTheSameWhateverWasThere(string name, IpFamily family)
    {
        string directory = RecordedCases.CaseDirectory(name);
        FamilyRules rules = ModelLoader.ReadCase(directory, "nftables")[family];
        using TestNode node = TestNode.CreateOrSkip("nft");
        Assert(await node.Nftables(family, usesProgram: true).ApplyFullAsync(rules, default));
        IReadOnlyList<string> expected = node.NftTable(family);
        NftablesApplier applier = node.Nftables(family, usesProgram);
        expected.Should().NotBeEmpty();
        node.Run("nft", $"flush ruleset\n{File.ReadAllText(Path.Combine(directory, "nftables", "nft.txt"))}", "-f", "-");

        for (int sync = 0; sync < 3; sync++)
        {
            Assert(await applier.ApplyFullAsync(rules, default));
            node.Time.Advance(TimeSpan.FromSeconds(2));
        }

        node.NftTable(family).Should().Equal(expected);
    }

    /// <summary>What a look finds, when the kernel could not tell what somebody did.</summary>
    [SkippableTheory]
    [InlineData("add table ip cni; add chain ip cni c; delete table ip6 kube-proxy", true)]
    [InlineData("flush chain ip kube-proxy nat-output", false)]
    [InlineData("flush chain ip kube-proxy services", false)]
    [InlineData("insert rule ip kube-proxy services drop", false)]
    [InlineData("flush map ip kube-proxy service-ips", false)]
    [InlineData("flush set ip kube-proxy cluster-ips", false)]
    [InlineData("add element ip kube-proxy cluster-ips { 192.0.2.77 }", false)]
    [InlineData("delete table ip kube-proxy", false)]
    [InlineData("flush ruleset", false)]
    public async Task ALookFindsWhatWasRemovedOrAdded(string command, bool isIntact)
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("affinity-default"), "nftables").IPv4;
        using TestNode node = TestNode.CreateOrSkip("nft");
        node.Run("nft", "add table ip6 kube-proxy\n", "-f", "-");
        NftablesApplier applier = node.Nftables(IpFamily.IPv4, usesProgram);
        Assert(await applier.ApplyFullAsync(rules, default));

        node.Run("nft", command + "\n", "-f", "-");

        (await applier.IsIntactAsync(default)).Should().Be(isIntact);
        Assert(await applier.ApplyFullAsync(rules, default));
        (await applier.IsIntactAsync(default)).Should().BeTrue();
    }

    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public async Task WhatWasWrittenIsIntact(string name, IpFamily family)
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), "nftables")[family];
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier applier = node.Nftables(family, usesProgram);
        Assert(await applier.ApplyFullAsync(rules, default));

        (await applier.IsIntactAsync(default)).Should().BeTrue();
    }

    [SkippableFact]
    public async Task ClientsKeepTheirEndpointsWhenTheTableOfKubeProxyIsTakenOver()
    {
        string directory = RecordedCases.CaseDirectory("affinity-default");
        FamilyRules rules = ModelLoader.ReadCase(directory, "nftables").IPv4;
        using TestNode node = TestNode.CreateOrSkip("nft");
        node.Run("nft", File.ReadAllText(Path.Combine(directory, "nftables", "nft.txt")), "-f", "-");
        string[] sets = AffinitySets(node);
        sets.Should().NotBeEmpty();
        node.Run("nft", $"add element ip kube-proxy {sets[0]} {{ 192.0.2.77 timeout 3h expires 2h }}\nadd set ip kube-proxy affinity-GONE {{ type ipv4_addr; flags dynamic,timeout; timeout 1h; }}\n", "-f", "-");

        Assert(await node.Nftables(IpFamily.IPv4, usesProgram).ApplyFullAsync(rules, default));

        AffinitySets(node).Should().Equal(sets);
        node.Run("nft", "", "list", "set", "ip", "kube-proxy", sets[0]).Should().Contain("192.0.2.77").And.Contain("expires 1h5");
    }

    [SkippableTheory]
    [InlineData(IpFamily.IPv4, "192.0.2.77")]
    [InlineData(IpFamily.IPv6, "2001:db8::77")]
    public async Task ClientsKeepTheirEndpointsOverARestart(IpFamily family, string client)
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("affinity-default"), "nftables")[family];
        rules = rules.Services.IsEmpty ? ModelLoader.ReadCase(RecordedCases.CaseDirectory("random-101"), "nftables")[family] : rules;
        using TestNode node = TestNode.CreateOrSkip("nft");
        Assert(await node.Nftables(family, usesProgram).ApplyFullAsync(rules, default));
        string[] sets = AffinitySets(node, family);
        Skip.If(sets.Length == 0, "the recording has no affinity in this family");
        node.Run("nft", $"add element {NftNames.FamilyName(family)} kube-proxy {sets[^1]} {{ {client} timeout 3h expires 2h }}\n", "-f", "-");

        Assert(await node.Nftables(family, usesProgram).ApplyFullAsync(rules, default));

        node.Run("nft", "", "list", "set", NftNames.FamilyName(family), "kube-proxy", sets[^1]).Should().Contain(client).And.Contain("expires 1h5");
    }

    [SkippableTheory]
    [InlineData(IpFamily.IPv4, 11)]
    [InlineData(IpFamily.IPv6, 12)]
    public async Task UpdatesEndInTheTableOfAFullLoad(IpFamily family, int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier applier = node.Nftables(family, usesProgram);
        Assert(await applier.ApplyFullAsync(builder.Current[family], default));
        for (int step = 1; step <= 60; step++)
        {
            cluster.ApplyChange(state);
            FamilyChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family];
            applier.CanUpdate(change).Should().BeTrue();
            Assert(await applier.ApplyUpdateAsync(change, default));

            // Sometimes soon, so that chains come back into use while they wait to be deleted.
            node.Time.Advance(TimeSpan.FromSeconds(step % 3 == 0 ? 0.1 : 1.5));
        }

        IReadOnlyList<string> updated = Living(node, family);
        using TestNode other = TestNode.CreateOrSkip("nft");
        Assert(await other.Nftables(family, usesProgram: true).ApplyFullAsync(builder.Current[family], default));
        IReadOnlyList<string> loaded = Living(other, family);
        updated.Where(line => !line.StartsWith("chain ", StringComparison.Ordinal)).Should().Equal(loaded.Where(line => !line.StartsWith("chain ", StringComparison.Ordinal)));
        updated.Should().Contain(loaded);

        // What waits is found and deleted by a full transaction too.
        node.Time.Advance(TimeSpan.FromSeconds(2));
        Assert(await applier.ApplyFullAsync(builder.Current[family], default));
        Living(node, family).Should().Equal(loaded);
    }

    [SkippableFact]
    public async Task AChainThatIsUsedAgainBeforeItIsDeletedStays()
    {
        Service service = Samples.Service with { SessionAffinity = "ClientIP" };
        RuleModelSnapshot two = Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.0.1"), Samples.Endpoint("10.244.0.2"))]);
        RuleModelSnapshot one = Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]);
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier applier = node.Nftables(IpFamily.IPv4, usesProgram);
        Assert(await applier.ApplyFullAsync(two.IPv4, default));
        IReadOnlyList<string> expected = node.NftTable(IpFamily.IPv4);

        foreach ((RuleModelSnapshot before, RuleModelSnapshot after) in ((RuleModelSnapshot, RuleModelSnapshot)[])[(two, one), (one, two), (two, one), (one, two)])
        {
            Assert(await applier.ApplyUpdateAsync(Change(before, after), default));
        }

        node.Time.Advance(TimeSpan.FromSeconds(2));
        FamilyChange last = Change(two, two);
        Assert(await applier.ApplyUpdateAsync(last, default));
        applier.CanUpdate(last).Should().BeTrue();
        node.NftTable(IpFamily.IPv4).Should().Equal(expected);

        static FamilyChange Change(RuleModelSnapshot before, RuleModelSnapshot after) => RuleModelBuilder.Compare(before, after).IPv4;
    }

    [SkippableFact]
    public async Task AChainThatCannotBeDeletedIsToldAndFoundAgain()
    {
        Service service = Samples.Service with { SessionAffinity = "ClientIP" };
        RuleModelSnapshot two = Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.0.1"), Samples.Endpoint("10.244.0.2"))]);
        RuleModelSnapshot one = Samples.Model([service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]);
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier applier = node.Nftables(IpFamily.IPv4, usesProgram);
        Assert(await applier.ApplyFullAsync(two.IPv4, default));
        string[] before = Chains(node);
        Assert(await applier.ApplyUpdateAsync(RuleModelBuilder.Compare(two, one).IPv4, default));
        applier.Figures!.HasCleanUpFailed.Should().BeFalse();
        using TestNode other = TestNode.CreateOrSkip("nft");
        Assert(await other.Nftables(IpFamily.IPv4, usesProgram: true).ApplyFullAsync(one.IPv4, default));
        string[] stale = [.. before.Except(Chains(other), StringComparer.Ordinal)];
        stale.Should().NotBeEmpty();
        node.Run("nft", $"add chain ip kube-proxy mine\nadd rule ip kube-proxy mine jump {stale[0]}\n", "-f", "-");

        node.Time.Advance(TimeSpan.FromSeconds(2));
        FamilyChange last = RuleModelBuilder.Compare(one, one).IPv4;
        Assert(await applier.ApplyUpdateAsync(last, default));

        applier.Figures!.HasCleanUpFailed.Should().BeTrue();
        applier.CanUpdate(last).Should().BeFalse("only a full transaction finds the chain again");
        node.Run("nft", "", "delete", "chain", "ip", "kube-proxy", "mine");
        Assert(await applier.ApplyFullAsync(one.IPv4, default));
        node.Time.Advance(TimeSpan.FromSeconds(2));
        Assert(await applier.ApplyFullAsync(one.IPv4, default));
        Chains(node).Should().BeEquivalentTo(Chains(other));
    }

    [SkippableFact]
    public async Task ARefusedRuleLeavesTheOldOnesInForceAndIsShown()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        FamilyRules rules = Samples.Model([Samples.LoadBalancer], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;
        Assert(await node.Nftables(IpFamily.IPv4, usesProgram).ApplyFullAsync(rules, default));
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);

        using Transaction transaction = new(node.Runner, new("nft", "-f", "-"));
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, transaction);
        transaction.Write("add rule ip kube-proxy services goto nowhere\n"u8);

        ApplyResult result = await transaction.CommitAsync(default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Error.Should().Contain("goto nowhere").And.Contain("> ");
        node.NftTable(IpFamily.IPv4).Should().Equal(before);
    }

    [SkippableFact]
    public async Task TryingChangesNothing()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        FamilyRules empty = Samples.Model([], []).IPv4;
        FamilyRules rules = Samples.Model([Samples.LoadBalancer], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;
        Assert(await node.Nftables(IpFamily.IPv4, usesProgram).ApplyFullAsync(empty, default));
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);

        Assert(await node.Nftables(IpFamily.IPv4, usesProgram).TryAsync(rules, default));

        node.NftTable(IpFamily.IPv4).Should().Equal(before);
    }

    [SkippableFact]
    public async Task AToolThatIsKilledInTheMiddleLeavesTheOldRulesInForce()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        FamilyRules rules = Samples.Model([Samples.LoadBalancer], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;
        Assert(await node.Nftables(IpFamily.IPv4, usesProgram).ApplyFullAsync(rules, default));
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);
        using CancellationTokenSource stop = new();
        using Transaction transaction = new(node.Runner.Reporting(_ => stop.Cancel()), new("nft", "-f", "-"));
        transaction.Write("delete table ip kube-proxy\n"u8);
        for (int line = 0; line < 20_000; line++)
        {
            transaction.Write("# so much that nft still reads when it is killed\n"u8);
        }

        Func<Task> cancelled = () => transaction.CommitAsync(stop.Token);

        await cancelled.Should().ThrowAsync<OperationCanceledException>();
        node.NftTable(IpFamily.IPv4).Should().Equal(before);
    }

    [SkippableFact]
    public async Task TwoAppliersAtOnceDoNotBreakEachOther()
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("mix-50-services"), "nftables").IPv4;
        using TestNode node = TestNode.CreateOrSkip("nft");
        NftablesApplier[] appliers = [node.Nftables(IpFamily.IPv4, usesProgram), node.Nftables(IpFamily.IPv4, usesProgram)];
        Assert(await appliers[0].ApplyFullAsync(rules, default));
        IReadOnlyList<string> expected = node.NftTable(IpFamily.IPv4);

        for (int round = 0; round < 8; round++)
        {
            ApplyResult[] results = await Task.WhenAll(appliers.Select(applier => Task.Run(() => applier.ApplyFullAsync(rules, default))));
            results.Should().AllSatisfy(Assert);
        }

        node.NftTable(IpFamily.IPv4).Should().Equal(expected);
    }

    [SkippableFact]
    public async Task TheHostIsFoundCapable()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");

        NftablesOptions options = await NftablesProbe.AskAsync(node.Runner, default);

        options.HasObjectComments.Should().BeTrue();
        node.NftTable(IpFamily.IPv4).Should().BeEmpty();
    }

    private static void Assert(ApplyResult result) => result.Should().Be(ApplyResult.Applied);

    private static string[] AffinitySets(TestNode node, IpFamily family = IpFamily.IPv4) =>
        [.. node.Run("nft", "", "-t", "list", "sets", NftNames.FamilyName(family)).Split('\n').Select(line => line.Trim().Split(' ')).Where(words => words[0] == "set" && words[1].StartsWith("affinity-", StringComparison.Ordinal)).Select(words => words[1])];

    private static string[] Chains(TestNode node) =>
        [.. node.Run("nft", "", "list", "chains", "ip").Split('\n').Select(line => line.Trim().Split(' ')).Where(words => words[0] == "chain").Select(words => words[1])];

    /// <summary>The table without the expiry of elements.</summary>
    private static IReadOnlyList<string> Living(TestNode node, IpFamily family) => node.NftTable(family);
}

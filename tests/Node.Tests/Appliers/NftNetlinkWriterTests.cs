using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>What the kernel refuses, and what others commit, when rules are written by netlink messages.</summary>
[Trait("Category", "Netns")]
public sealed class NftNetlinkWriterTests
{
    private static readonly FamilyRules s_rules =
        ModelLoader.ReadCase(RecordedCases.CaseDirectory("mix-50-services"), "nftables").IPv4;

    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public async Task TheKernelTakesAllThatRulesCanNeed(IpFamily family)
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using NftNetlinkWriter writer = node.Netlink(family);

        (await NftablesProbe.TryNetlinkAsync(writer, family, default)).Should().BeEmpty();

        node.NftTable(family).Should().BeEmpty("a trial is not committed");
    }

    /// <summary>Each message is answered by itself, so all that is wrong is known at once, and Services by their comments.</summary>
    [SkippableFact]
    public async Task WhatIsRefusedIsNamedInTheLanguageOfNft()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using NftNetlinkWriter writer = node.Netlink(IpFamily.IPv4);
        RuleModelSnapshot none = Samples.Model([], []);
        RuleModelSnapshot one = Samples.Model([Samples.Service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]);
        (await writer.WriteFullAsync(none.IPv4, default)).Should().Be(ApplyResult.Applied);
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);
        node.Run("nft", "delete map ip kube-proxy tcp-endpoints\n", "-f", "-");

        ApplyResult result = await writer.WriteUpdateAsync(RuleModelBuilder.Compare(none, one).IPv4, default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Complaints.Should().HaveCount(2)
            .And.Contain(text => text.StartsWith("add rule ip kube-proxy cluster-1", StringComparison.Ordinal))
            .And.Contain(text => text.StartsWith("add element ip kube-proxy tcp-endpoints { " + Samples.Service.ClusterIP + " . ", StringComparison.Ordinal));
        node.NftTable(IpFamily.IPv4).Should().Equal(before.Where(line => !line.Contains("tcp-endpoints", StringComparison.Ordinal)), "nothing of it was carried out");
    }

    [SkippableFact]
    public async Task AMissingTableIsSaid()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using NftNetlinkWriter writer = node.Netlink(IpFamily.IPv4);
        FamilyChange change = RuleModelBuilder.Compare(Samples.Model([], []), Samples.Model([Samples.Service], [Samples.Slice(Samples.Endpoint("10.244.0.1"))])).IPv4;

        ApplyResult result = await writer.WriteUpdateAsync(change, default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.Error.Should().Contain("No such file or directory (errno 2)");
        result.Complaints.Should().Contain(text => text.StartsWith("add chain ip kube-proxy cluster-1", StringComparison.Ordinal));
        result.RefusesShared.Should().BeTrue();
        result.RefusedServices.Should().Equal(new RefusedService(Samples.Service.Name, $"No such file or directory (errno 2): add element ip kube-proxy cluster-ips {{ {Samples.Service.ClusterIP} }}"));
        node.NftTable(IpFamily.IPv4).Should().BeEmpty();
    }

    /// <summary>What was read is what is replaced: the kernel refuses a transaction that is meant for an older generation.</summary>
    [SkippableFact]
    public async Task AForeignCommitBetweenReadingAndSendingIsNoticed()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using NftNetlinkWriter writer = node.Netlink(IpFamily.IPv4);
        (await writer.WriteFullAsync(s_rules, default)).Should().Be(ApplyResult.Applied);
        IReadOnlyList<string> expected = node.NftTable(IpFamily.IPv4);
        (NftTableContent? content, _) = await NftContentReader.ReadAsync(node.Runner.Network, IpFamily.IPv4, default);
        int confirmations = 0;

        ApplyResult result = await writer.WriteReplacementAsync(s_rules, content!, async () =>
        {
            uint? generation = await NftContentReader.ConfirmAsync(node.Runner.Network, IpFamily.IPv4, content!, default);
            if (++confirmations <= 3)
            {
                node.Run("nft", "add table ip other\ndelete table ip other\n", "-f", "-");
            }

            return generation;
        }, default);

        result.Should().Be(ApplyResult.Applied);
        confirmations.Should().Be(4, "each of the three commits made the kernel refuse the transaction");
        node.NftTable(IpFamily.IPv4).Should().Equal(expected);
    }

    [SkippableFact]
    public async Task ATableThatChangedIsNotReplaced()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using NftNetlinkWriter writer = node.Netlink(IpFamily.IPv4);
        (await writer.WriteFullAsync(s_rules, default)).Should().Be(ApplyResult.Applied);
        (NftTableContent? content, _) = await NftContentReader.ReadAsync(node.Runner.Network, IpFamily.IPv4, default);
        node.Run("nft", "add chain ip kube-proxy theirs\n", "-f", "-");
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);

        ApplyResult result = await writer.WriteReplacementAsync(s_rules, content!, () => NftContentReader.ConfirmAsync(node.Runner.Network, IpFamily.IPv4, content!, default), default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        node.NftTable(IpFamily.IPv4).Should().Equal(before);
    }
}

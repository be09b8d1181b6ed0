using System.Globalization;
using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Node.Tests.Appliers;

/// <summary>Troubles of a moment while rules are written by netlink messages: each is said in words, the rules stay, and the next try helps.</summary>
[Trait("Category", "Netns")]
public sealed partial class NftNetlinkTroubleTests
{
    private static readonly RuleModelSnapshot s_before = ModelLoader.ReadCase(RecordedCases.CaseDirectory("mix-50-services"), "nftables");
    private static readonly RuleModelSnapshot s_after = Samples.Model([Samples.LoadBalancer], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]);

    /// <summary>Whether the kernel answered with the error to the call, or to the batch; what the message says.</summary>
    [SkippableTheory]
    [InlineData(true, Errno.NoBuffers, "No buffer space available (errno 105)")]
    [InlineData(true, Errno.TryAgain, "Resource temporarily unavailable (errno 11)")]
    [InlineData(true, Errno.NoMemory, "Cannot allocate memory (errno 12)")]
    [InlineData(true, Errno.MessageTooLong, "net.core.wmem_max")]
    [InlineData(true, Errno.NotPermitted, "CAP_NET_ADMIN")]
    [InlineData(true, Errno.AccessDenied, "CAP_NET_ADMIN")]
    [InlineData(false, Errno.NoMemory, "Cannot allocate memory (errno 12)")]
    [InlineData(false, Errno.Interrupted, "Interrupted system call (errno 4)")]
    [InlineData(false, Errno.TryAgain, "Resource temporarily unavailable (errno 11)")]
    [InlineData(false, Errno.NotPermitted, "CAP_NET_ADMIN")]
    [InlineData(false, Errno.NoBuffers, "No buffer space available (errno 105)")]
    public async Task ATroubleThatPassesIsSaidAndTheRulesStay(bool isOfCall, int error, string said)
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using ScriptedConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        NftablesApplier applier = new(IpFamily.IPv4, writer, node.Runner.Network, NftablesOptions.Default, node.Time, NullLogger.Instance);
        (await applier.ApplyFullAsync(s_before.IPv4, default)).Should().Be(ApplyResult.Applied);
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);
        BatchResult trouble = isOfCall ? ScriptedConnection.NotTaken(error) : ScriptedConnection.GivenUp(error);

        foreach (Func<Task<ApplyResult>> write in (Func<Task<ApplyResult>>[])
            [
                () => applier.ApplyUpdateAsync(RuleModelBuilder.Compare(s_before, s_after).IPv4, default),
                () => applier.ApplyFullAsync(s_after.IPv4, default),
                () => applier.TryAsync(s_after.IPv4, default),
            ])
        {
            connection.Answers.Enqueue(trouble);
            ApplyResult result = await write();

            result.Outcome.Should().Be(ApplyOutcome.Unavailable, "the same again may help, and no Service is the cause");
            result.Error.Should().Contain(said);
            (result.RefusedServices ?? []).Should().BeEmpty();
            connection.Answers.Should().BeEmpty("it is not tried again at once");
            node.NftTable(IpFamily.IPv4).Should().Equal(before);
        }

        (await applier.ApplyFullAsync(s_after.IPv4, default)).Should().Be(ApplyResult.Applied);
        (await applier.IsIntactAsync(default)).Should().BeTrue();
    }

    [SkippableFact]
    public async Task OthersThatCommitEachTimeAreSaid()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using ScriptedConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        NftablesApplier applier = new(IpFamily.IPv4, writer, node.Runner.Network, NftablesOptions.Default, node.Time, NullLogger.Instance);
        (await applier.ApplyFullAsync(s_before.IPv4, default)).Should().Be(ApplyResult.Applied);
        IReadOnlyList<string> before = node.NftTable(IpFamily.IPv4);
        for (int count = 0; count < 20; count++)
        {
            connection.Answers.Enqueue(ScriptedConnection.GivenUp(Errno.Restart));
        }

        ApplyResult result = await applier.ApplyFullAsync(s_after.IPv4, default);

        result.Should().Be(new ApplyResult(ApplyOutcome.Unavailable, "rules were committed by others each time the transaction was sent"));
        node.NftTable(IpFamily.IPv4).Should().Equal(before);
        (await applier.ApplyFullAsync(s_after.IPv4, default)).Should().Be(ApplyResult.Applied);
    }

    /// <summary>A transaction that may or may not have been carried out: an update on top of it would not do.</summary>
    [SkippableFact]
    public async Task AnAnswerThatIsLostLeadsToAFullTransaction()
    {
        using TestNode node = TestNode.CreateOrSkip("nft");
        using ScriptedConnection connection = new(node.Connect());
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        NftablesApplier applier = new(IpFamily.IPv4, writer, node.Runner.Network, NftablesOptions.Default, node.Time, NullLogger.Instance);
        (await applier.ApplyFullAsync(s_before.IPv4, default)).Should().Be(ApplyResult.Applied);
        connection.Answers.Enqueue(new(0, [], IsIncomplete: true));
        FamilyChange change = RuleModelBuilder.Compare(s_before, s_after).IPv4;

        ApplyResult result = await applier.ApplyUpdateAsync(change, default);

        result.Should().Be(new ApplyResult(ApplyOutcome.Unavailable, "the kernel's answer to the transaction was lost"));
        applier.CanUpdate(change).Should().BeFalse();
    }

    /// <summary>
    /// The kernel drops answers that the socket has no room for (ENOBUFS), as without CAP_NET_ADMIN in the first user namespace
    /// it may have: those that arrived name some of the Services, and the next transaction the next ones.
    /// </summary>
    [SkippableFact]
    public async Task MoreRefusalsThanTheSocketHasRoomForComeInParts()
    {
        const int Services = 2000;
        using TestNode node = TestNode.CreateOrSkip("nft");
        using SpoilingConnection connection = new(node.Runner.Network.Run(static () => new BatchConnection(NetlinkSocket.Open())));
        using NftNetlinkWriter writer = TestNode.Netlink(IpFamily.IPv4, connection);
        FamilyRules rules = UniformCluster.Build(Services, 2).Builder.Current.IPv4;
        foreach (ServiceRules service in rules.Services.Values)
        {
            connection.SpoilChainOf(service.Ports[0].Spec.ClusterIP.ToString());
        }

        ApplyResult result = await writer.WriteFullAsync(rules, default);

        result.Outcome.Should().Be(ApplyOutcome.Refused);
        result.RefusedServices!.Count.Should().BeInRange(100, Services - 1);
        node.NftTable(IpFamily.IPv4).Should().BeEmpty();
    }

    /// <summary>Only CAP_NET_ADMIN in the first user namespace lets a batch be as long as it has to.</summary>
    [SkippableFact]
    public void ABatchLongerThanTheSocketMaySendIsNotTaken()
    {
        int limit = int.Parse(File.ReadAllText("/proc/sys/net/core/wmem_max"), CultureInfo.InvariantCulture);
        Skip.If(limit > 64 * 1024 * 1024, "net.core.wmem_max permits batches of any length");
        byte[] batch = new byte[(2 * limit) + 1024]; // socket(7): the kernel doubles what is asked for
        NetworkNamespace.RunOrSkip(
            () =>
            {
                using BatchConnection privileged = BatchConnection.Open();
                privileged.Send(batch).Error.Should().Be(0, "it is taken, and says nothing");
                DropNetAdmin();
                using BatchConnection connection = BatchConnection.Open();

                connection.Send(batch).Error.Should().Be(Errno.MessageTooLong);

                // What is short enough goes on being looked at.
                NftBatch empty = new();
                NftablesRenderer.WriteFull(Samples.Model([], []).IPv4, NftablesOptions.Default, empty);
                connection.Send(empty.Messages).Refusals.Should().OnlyContain(static refusal => refusal.Error == Errno.NotPermitted);
            },
            "nft");
    }

    /// <summary>A kernel that lacks any of them is found at the start, by what is refused.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public async Task TheProbeNeedsEveryExpressionOfTheRules(IpFamily family)
    {
        string[] used = ["payload", "meta", "cmp", "bitwise", "lookup", "immediate", "numgen", "nat", "masq", "ct", "fib", "dynset", "reject"];
        using TestNode node = TestNode.CreateOrSkip("nft");
        foreach (string expression in used)
        {
            using SpoilingConnection connection = new(node.Connect());
            using NftNetlinkWriter writer = TestNode.Netlink(family, connection);

            // NFTA_EXPR_NAME: length, type, the name and its end.
            connection.SpoilName(expression);

            string error = await NftablesProbe.TryNetlinkAsync(writer, family, default);

            error.Should().Contain("No such file or directory (errno 2): add rule", expression);
        }

        node.NftTable(family).Should().BeEmpty();
    }

    /// <summary>Takes the capability from this thread for good (capset(2)).</summary>
    private static void DropNetAdmin()
    {
        const int NetAdmin = 12; // CAP_NET_ADMIN of linux/capability.h
        Span<uint> header = [0x20080522, 0]; // _LINUX_CAPABILITY_VERSION_3, this thread
        Span<uint> sets = stackalloc uint[6]; // effective, permitted, inheritable: the low words, then the high ones
        GetCapabilities(header, sets).Should().Be(0);
        sets[0] &= ~(1u << NetAdmin);
        sets[1] &= ~(1u << NetAdmin);
        SetCapabilities(header, sets).Should().Be(0);
    }

    [LibraryImport("libc", EntryPoint = "capget")]
    private static partial int GetCapabilities(Span<uint> header, Span<uint> sets);

    [LibraryImport("libc", EntryPoint = "capset")]
    private static partial int SetCapabilities(Span<uint> header, ReadOnlySpan<uint> sets);
}

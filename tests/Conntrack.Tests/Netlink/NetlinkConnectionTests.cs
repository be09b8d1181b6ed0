using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Conntrack.Tests.Netlink;

/// <summary>Requests and answers, of a kernel that behaves as a test wants and of the real one.</summary>
public sealed class NetlinkConnectionTests
{
    private const ushort Subsystem = 10; // NFNL_SUBSYS_NFTABLES
    private const ushort GetTable = (Subsystem << 8) | 1; // NFT_MSG_GETTABLE
    private const ushort NewTable = Subsystem << 8; // NFT_MSG_NEWTABLE
    private const ushort NewChain = (Subsystem << 8) | 3; // NFT_MSG_NEWCHAIN

    [Fact]
    public void AnAnswerIsOneMessageWhereNoMoreIsWanted()
    {
        using FakeKernel fake = new(static request => [FakeKernel.Message(5, request.Sequence, new byte[8]), FakeKernel.Message(6, request.Sequence, new byte[8])]);
        using NetlinkConnection kernel = new(fake.Connect());

        for (int round = 0; round < 3; round++)
        {
            kernel.Send(kernel.Begin(1)).Should().Be(0);
            kernel.TryRead(out NetlinkMessage message).Should().BeTrue();
            message.Type.Should().Be(5, "what is left of the answer before is passed over");
            kernel.TryRead(out _).Should().BeFalse();
            (kernel.Error, kernel.IsFinished).Should().Be((0, true));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    public void AnAcknowledgementEndsTheAnswer(int error)
    {
        using FakeKernel fake = new(request => [[.. FakeKernel.Message(5, request.Sequence, new byte[8]), .. FakeKernel.Error(request, error)]]);
        using NetlinkConnection kernel = new(fake.Connect());

        kernel.Send(kernel.Begin(1, NetlinkHeader.Acknowledge));

        kernel.TryRead(out _).Should().BeTrue();
        kernel.TryRead(out _).Should().BeFalse();
        kernel.Error.Should().Be(error);
    }

    [Fact]
    public void ASilentKernelIsGivenUpAndCanBeAskedAgain()
    {
        bool isSilent = true;
        using FakeKernel fake = new(request => isSilent ? [] : [FakeKernel.Error(request, 0)]);
        using NetlinkConnection kernel = new(fake.Connect());
        kernel.Send(kernel.Begin(1, NetlinkHeader.Acknowledge));
        kernel.Finish().Should().Be(Errno.TryAgain);

        isSilent = false;

        kernel.Send(kernel.Begin(1, NetlinkHeader.Acknowledge));
        kernel.Finish().Should().Be(0);
    }

    [Fact]
    public void ADatagramThatCannotBeReadIsPassedOverAfterwards()
    {
        using FakeKernel fake = new(static request => [new byte[20], FakeKernel.Error(request, 0)]);
        using NetlinkConnection kernel = new(fake.Connect());
        kernel.Send(kernel.Begin(1, NetlinkHeader.Acknowledge));

        FluentActions.Invoking(() => kernel.Finish()).Should().Throw<NetlinkException>();
        kernel.Finish().Should().Be(0);
    }

    [Fact]
    public void ASocketThatCouldNotBeOpenedAnswersWithItsError()
    {
        using NetlinkConnection kernel = new(NetlinkSocket.Open(protocol: 99));

        kernel.Send(kernel.Begin(1)).Should().Be(Errno.ProtocolNotSupported);
        kernel.TryRead(out _).Should().BeFalse();
        kernel.Error.Should().Be(Errno.ProtocolNotSupported);
    }

    [Trait("Category", "Netns")]
    [SkippableFact]
    public void ABatchTakesEffectTogether() => NetworkNamespace.RunOrSkip(
        static () =>
        {
            using NetlinkConnection kernel = new(NetlinkSocket.Open());
            kernel.Socket.GrowSendBuffer(1 << 20);
            kernel.Send(Batch(kernel, "a", "b")).Should().Be(0);

            Tables(kernel).Should().Equal("a", "b");
        },
        "nft");

    /// <summary>Each message that is refused has its own error, which tells where in it the mistake is, and nothing takes effect.</summary>
    [Trait("Category", "Netns")]
    [SkippableFact]
    public void TheErrorsOfABatchSayWhichMessageAndWhere() => NetworkNamespace.RunOrSkip(
        static () =>
        {
            using NetlinkConnection kernel = new(NetlinkSocket.Open());
            kernel.Socket.TryExplainErrors().Should().BeTrue();
            MessageWriter batch = kernel.Begin(NetlinkHeader.BatchBegin, resource: Subsystem);
            batch.End();
            batch.Begin(NewTable, NetlinkHeader.Create, 1001, NetlinkHeader.FamilyIPv4);
            batch.AddText(1, "a"); // NFTA_TABLE_NAME
            batch.End();
            foreach (uint sequence in (uint[])[1002, 1003])
            {
                batch.Begin(NewChain, NetlinkHeader.Create, sequence, NetlinkHeader.FamilyIPv4);
                batch.AddText(1, "missing"); // NFTA_CHAIN_TABLE
                batch.AddText(3, "chain"); // NFTA_CHAIN_NAME
                batch.End();
            }

            batch.Begin(NetlinkHeader.BatchEnd, 0, 1004, resource: Subsystem);
            kernel.Send(batch).Should().Be(0);

            byte[] buffer = new byte[NetlinkConnection.LongestDatagram];
            List<(uint, int, uint)> errors = [];
            while (kernel.Socket.ReceiveWaiting(buffer, out _) is >= 0 and int length)
            {
                MessageReader messages = new(buffer.AsSpan(0, length));
                while (messages.TryRead(out NetlinkMessage message))
                {
                    NetlinkError error = new(message);
                    errors.Add((error.Sequence, error.Number, error.Offset));
                }
            }

            errors.Should().Equal((1002u, Errno.NoEntry, 20u), (1003u, Errno.NoEntry, 20u));
            Tables(kernel).Should().BeEmpty();
        },
        "nft");

    private static MessageWriter Batch(NetlinkConnection kernel, params string[] tables)
    {
        MessageWriter batch = kernel.Begin(NetlinkHeader.BatchBegin, resource: Subsystem);
        batch.End();
        foreach (string table in tables)
        {
            batch.Begin(NewTable, NetlinkHeader.Create, 0, NetlinkHeader.FamilyIPv4);
            batch.AddText(1, table); // NFTA_TABLE_NAME
            batch.End();
        }

        batch.Begin(NetlinkHeader.BatchEnd, 0, 0, resource: Subsystem);
        return batch;
    }

    private static List<string> Tables(NetlinkConnection kernel)
    {
        kernel.Send(kernel.Begin(GetTable, NetlinkHeader.Dump));
        List<string> tables = [];
        while (kernel.TryRead(out NetlinkMessage message))
        {
            AttributeReader attributes = message.Attributes;
            attributes.TryFind(1).Should().BeTrue();
            tables.Add(System.Text.Encoding.UTF8.GetString(attributes.ToText()));
        }

        kernel.Error.Should().Be(0);
        return tables;
    }
}

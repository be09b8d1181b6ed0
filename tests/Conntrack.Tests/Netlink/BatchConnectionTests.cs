using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Conntrack.Tests.Netlink;

/// <summary>What the kernel answers to a batch; with the real kernel in tests/Node.Tests.</summary>
public sealed class BatchConnectionTests
{
    [Fact]
    public void SilenceIsSuccess()
    {
        using FakeKernel fake = new(static _ => []);
        using BatchConnection connection = new(fake.Connect());

        BatchResult result = connection.Send(new byte[20]);

        result.IsApplied.Should().BeTrue();
        (result.Error, result.IsIncomplete).Should().Be((0, false));
    }

    [Fact]
    public void EachRefusedMessageIsNamed()
    {
        using FakeKernel fake = new(static _ => []);
        using BatchConnection connection = new(fake.Connect());
        fake.Push([.. Refusal(7, Errno.NoEntry), .. Refusal(8, 0)]);
        fake.Push(Refusal(9, Errno.Exists));
        fake.Push(FakeKernel.Message(5, 10, new byte[8]));

        BatchResult result = connection.Send(new byte[20]);

        result.IsApplied.Should().BeFalse();
        result.Refusals.Should().Equal(new BatchRefusal(7, Errno.NoEntry, 0, ""), new BatchRefusal(9, Errno.Exists, 0, ""));
        connection.Send(new byte[20]).IsApplied.Should().BeTrue("nothing is left of the answer before");
    }

    /// <summary>NETLINK_EXT_ACK: the header of the request, then attributes.</summary>
    [Fact]
    public void ExplanationsAreRead()
    {
        using FakeKernel fake = new(static _ => []);
        using BatchConnection connection = new(fake.Connect());
        byte[] text = [.. "no such chain\0"u8, 0, 0];
        byte[] attributes = [8, 0, 2, 0, 48, 0, 0, 0, 18, 0, 1, 0, .. text];
        fake.Push(FakeKernel.Message(NetlinkHeader.Error, 3, [.. BitConverter.GetBytes(-Errno.NoEntry), .. new byte[16], .. attributes], NetlinkHeader.Capped | NetlinkHeader.Explained));

        connection.Send(new byte[20]).Refusals.Should().Equal(new BatchRefusal(3, Errno.NoEntry, 48, "no such chain"));
    }

    /// <summary>What is no answer to a batch is refused by a NetlinkException or passed over, and the next batch is answered as ever.</summary>
    [Fact]
    public void AnyBytesAreReadOrRefused()
    {
        Random random = new(6);
        using FakeKernel fake = new(static _ => []);
        using BatchConnection connection = new(fake.Connect());
        int read = 0, refused = 0;
        for (int round = 0; round < Nightly.Size(2_000, 20_000); round++)
        {
            byte[] answer = random.Next(3) == 0 ? new byte[1 + random.Next(100)] : Refusal(7, random.Next(2));
            if (answer.Length != 36 || random.Next(2) == 0)
            {
                random.NextBytes(answer.AsSpan(random.Next(answer.Length)));
            }

            fake.Push(answer);
            try
            {
                connection.Send(new byte[20]);
                read++;
            }
            catch (NetlinkException)
            {
                refused++;
            }
        }

        read.Should().BePositive();
        refused.Should().BePositive();
        connection.Send(new byte[20]).IsApplied.Should().BeTrue();
    }

    private static byte[] Refusal(uint sequence, int error) =>
        FakeKernel.Message(NetlinkHeader.Error, sequence, [.. BitConverter.GetBytes(-error), .. new byte[16]]);
}

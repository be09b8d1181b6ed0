using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Tests.Netlink;

namespace KubeProxySharp.Conntrack.Tests.Addresses;

public sealed class AddressMessageTests
{
    [Theory]
    [InlineData("192.0.2.1", null)]
    [InlineData("192.0.2.1", "198.51.100.7")]
    [InlineData("2001:db8::1", null)]
    [InlineData("2001:db8::1", "2001:db8::2")]
    [InlineData("fe80::1", null)]
    public void TheOwnAddressIsFound(string address, string? peer)
    {
        AddressMessage.TryRead(AddressDatagram.Payload(address, peer, device: 7, prefix: 20), out AddressEntry entry).Should().BeTrue();

        entry.Should().Be(new AddressEntry(7, RuleModel.Addresses.IpAddress.Parse(address), RuleModel.Addresses.IpAddress.Parse(peer ?? address), 20));
    }

    [Fact]
    public void OtherFamiliesHaveNone() =>
        AddressMessage.TryRead(AddressDatagram.Payload("192.0.2.1", family: 35), out _).Should().BeFalse();

    [Fact]
    public void AMessageWithoutAddressIsMalformed()
    {
        Action read = static () => AddressMessage.TryRead([2, 24, 0, 0, 1, 0, 0, 0], out _);

        read.Should().Throw<NetlinkException>().Which.Failure.Should().Be(NetlinkFailure.MalformedMessage);
    }

    [Fact]
    public void AnyBytesAreReadOrCalledMalformed()
    {
        Random random = new(11);
        int readable = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] datagram = AddressDatagram.New(round % 2 == 0 ? "192.0.2.1" : "2001:db8::1", peer: round % 3 == 0 ? (round % 2 == 0 ? "192.0.2.2" : "2001:db8::2") : null);
            if (round % 5 == 0)
            {
                random.NextBytes(datagram.AsSpan(16));
            }

            for (int change = random.Next(5); change > 0; change--)
            {
                datagram[random.Next(datagram.Length)] = (byte)random.Next(256);
            }

            try
            {
                AddressTable table = new();
                MessageReader messages = new(datagram.AsSpan(0, random.Next(4) == 0 ? random.Next(datagram.Length) : datagram.Length));
                while (messages.TryRead(out NetlinkMessage message))
                {
                    table.Apply(message);
                }

                readable += table.ToArray().Length;
            }
            catch (NetlinkException e)
            {
                e.Failure.Should().Be(NetlinkFailure.MalformedMessage);
            }
        }

        readable.Should().BePositive();
    }

    /// <summary>The same address on two interfaces, or twice on one with different peers, goes with the last of them.</summary>
    [Fact]
    public void AnAddressThatIsThereTwiceStaysUntilBothAreGone()
    {
        AddressTable table = new();
        Take(AddressDatagram.New("192.0.2.1", device: 3));
        Take(AddressDatagram.New("192.0.2.1", device: 4));
        Take(AddressDatagram.New("192.0.2.1", device: 4, peer: "192.0.2.9"));
        Take(AddressDatagram.New("192.0.2.1", device: 4));

        Take(AddressDatagram.Delete("192.0.2.1", device: 3));
        Take(AddressDatagram.Delete("192.0.2.1", device: 4));
        table.ToArray().Should().ContainSingle();
        Take(AddressDatagram.Delete("192.0.2.1", device: 4, peer: "192.0.2.9"));
        table.ToArray().Should().BeEmpty();

        void Take(byte[] datagram)
        {
            MessageReader messages = new(datagram);
            messages.TryRead(out NetlinkMessage message).Should().BeTrue();
            table.Apply(message);
        }
    }
}

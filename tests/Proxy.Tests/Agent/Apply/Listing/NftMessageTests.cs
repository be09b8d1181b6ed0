using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Proxy.Agent.Apply.Listing;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Listing;

public sealed class NftMessageTests
{
    /// <summary>A message that a kernel does not send is refused by a NetlinkException, whatever its bytes are.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void AnyBytesAreReadOrRefused(int seed)
    {
        Random random = new(seed);
        int read = 0, refused = 0;
        for (int round = 0; round < Nightly.Size(10_000, 100_000); round++)
        {
            try
            {
                ReadAll(Datagram(random));
                read++;
            }
            catch (NetlinkException)
            {
                refused++;
            }
        }

        read.Should().BePositive();
        refused.Should().BePositive();
    }

    /// <summary>
    /// An answer of kernel 6.18 to NFT_MSG_GETSETELEM: <c>{ 127.0.0.1 . udp . 55 counter packets 3 bytes 90, 127.0.0.2 . udp . 56 counter
    /// packets 1 bytes 30 }</c>.
    /// </summary>
    [Fact]
    public void CountersOfElementsAreRead()
    {
        MessageReader reader = new(Convert.FromHexString(
            "C40000000C0A020001000000A77C0000020000020F0001006B7562652D70726F7879000014000200636F756E7465642D636C7573746572008C000300" +
            "4400010014000100100001007F00000211000000003800002C0007000C000100636F756E746572001C0002000C000100000000000000001E0C000200" +
            "00000000000000014400010014000100100001007F00000111000000003700002C0007000C000100636F756E746572001C0002000C00010000000000" +
            "0000005A0C0002000000000000000003"));
        reader.TryRead(out NetlinkMessage message);
        List<string> read = [];

        new NftMessage(message).ReadCounters((key, packets) => read.Add($"{Convert.ToHexString(key)} {packets}"));

        read.Should().BeEquivalentTo("7F0000011100000000370000 3", "7F0000021100000000380000 1");
    }

    /// <summary>Messages whose lengths and attributes are right more often than chance would have it.</summary>
    private static byte[] Datagram(Random random)
    {
        byte[] datagram = new byte[random.Next(120)];
        random.NextBytes(datagram);
        for (int start = 0; start + NetlinkHeader.Length <= datagram.Length; start += 60)
        {
            int length = random.Next(8) == 0 ? random.Next(80) : Math.Min(60, datagram.Length - start);
            BitConverter.TryWriteBytes(datagram.AsSpan(start), length);
            BitConverter.TryWriteBytes(datagram.AsSpan(start + 4), NftMessage.TypeOf((byte)random.Next(28)));
            for (int attribute = start + 20; attribute + 4 <= datagram.Length && attribute + 4 <= start + length; attribute += 12)
            {
                BitConverter.TryWriteBytes(datagram.AsSpan(attribute), (ushort)(random.Next(8) == 0 ? random.Next(40) : 12));
                BitConverter.TryWriteBytes(datagram.AsSpan(attribute + 2), (ushort)((random.Next(4) == 0 ? 0x8000 : 0) | random.Next(6)));
            }
        }

        return datagram;
    }

    private static void ReadAll(byte[] datagram)
    {
        MessageReader reader = new(datagram);
        while (reader.TryRead(out NetlinkMessage read))
        {
            NftMessage message = new(read);
            _ = (message.Family, message.IsGeneration, message.IsChange, message.IsRemoval, message.IsElement, message.HasHook, message.SetFlags, message.Kind);
            _ = message.Content.Length + message.Table.Length + message.Name.Length + message.CountElements();
            _ = message.ReadGeneration();
            message.ReadCounters(static (_, _) => { });
        }
    }
}

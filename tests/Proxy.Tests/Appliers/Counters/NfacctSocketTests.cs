using KubeProxySharp.Proxy.Appliers.Counters.Interop;

namespace KubeProxySharp.Proxy.Tests.Appliers.Counters;

/// <summary>The messages of linux/netfilter/nfnetlink_acct.h.</summary>
public sealed class NfacctSocketTests
{
    /// <summary>A reading of the counter "abc" with 258 packets: name, packets, bytes.</summary>
    private const string Reading =
        "3c000000" + "0007" + "0000" + "01000000" + "00000000" + "00000000"
        + "0800" + "0100" + "61626300"
        + "0c00" + "0200" + "0000000000000102"
        + "0c00" + "0300" + "0000000000000009";

    [Theory]
    [InlineData(true, "1c000000010701000100000000000000000000000800010061626300")]
    [InlineData(false, "1c000000000705060100000000000000000000000800010061626300")]
    public void RequestsNameTheCounter(bool isRead, string expected)
    {
        byte[] buffer = new byte[64];

        int length = NfacctSocket.WriteRequest("abc", isRead, buffer);

        Convert.ToHexStringLower(buffer.AsSpan(0, length)).Should().Be(expected);
    }

    [Fact]
    public void PacketsAreRead()
    {
        NfacctSocket.TryReadPackets(Convert.FromHexString(Reading), out ulong packets).Should().BeTrue();

        packets.Should().Be(258);
    }

    [Fact]
    public void CutMessagesAndErrorsHaveNoPackets()
    {
        byte[] reading = Convert.FromHexString(Reading);
        int packetsEnd = reading.Length - 12;
        for (int length = 0; length < packetsEnd; length++)
        {
            NfacctSocket.TryReadPackets(reading.AsSpan(0, length), out _).Should().BeFalse();
        }

        byte[] error = Convert.FromHexString("2400000002000000010000000000000000feffff" + "ff1c000001070100010000000000000000");
        NfacctSocket.TryReadPackets(error, out _).Should().BeFalse();
    }
}

using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Tests.Netlink;

/// <summary>What is written is what linux/netlink.h says, and is read again.</summary>
public sealed class MessageWriterTests
{
    [Fact]
    public void MessagesFollowEachOther()
    {
        byte[] buffer = [];
        MessageWriter writer = new(ref buffer);
        writer.Begin(NetlinkHeader.BatchBegin, 0, 7, resource: 10);
        writer.Add(1, 0x01020304u);
        writer.End();
        writer.Begin(0x0A06, NetlinkHeader.Create, 8, NetlinkHeader.FamilyIPv6);
        int outer = writer.Open(4);
        int inner = writer.Open(1);
        writer.AddText(1, "abc");
        writer.Close(inner);
        writer.Add(2, (byte)9);
        writer.Close(outer);
        writer.End();

        Convert.ToHexStringLower(writer.Written).Should().Be(
            "1c000000" + "1000" + "0100" + "07000000" + "00000000" + "0000000a" + "0800" + "0100" + "01020304"
            + "2c000000" + "060a" + "0104" + "08000000" + "00000000" + "0a000000"
            + "1800" + "0480" + "0c00" + "0180" + "0800" + "0100" + "61626300" + "0500" + "0200" + "09000000");
    }

    [Fact]
    public void EveryKindOfValueIsReadAgain()
    {
        byte[] buffer = new byte[512];
        MessageWriter writer = new(ref buffer);
        writer.Begin(1, 0, 1);
        writer.Add(1, (byte)0x12);
        writer.Add(2, (ushort)0x1234);
        writer.Add(3, 0x12345678u);
        writer.Add(4, 0x123456789ABCDEF0ul);
        writer.AddNative(5, 0x12345678u);
        writer.Add(6, [1, 2, 3, 4, 5]);
        writer.AddText(7, "name");
        writer.Add(8, (UInt128)0x0102);
        writer.End();

        MessageReader messages = new(writer.Written);
        messages.TryRead(out NetlinkMessage message).Should().BeTrue();
        AttributeReader attributes = message.Attributes;
        Next(ref attributes).ToByte().Should().Be(0x12);
        Next(ref attributes).ToUInt16().Should().Be(0x1234);
        Next(ref attributes).ToUInt32().Should().Be(0x12345678);
        Next(ref attributes).ToUInt64().Should().Be(0x123456789ABCDEF0);
        Next(ref attributes).ToNativeUInt32().Should().Be(0x12345678);
        Next(ref attributes).Value.ToArray().Should().Equal(1, 2, 3, 4, 5);
        Next(ref attributes).ToText().SequenceEqual("name"u8).Should().BeTrue();
        Next(ref attributes).ToAddress(16).ToString().Should().Be("::102");
        attributes.Read().Should().BeFalse();
        messages.TryRead(out _).Should().BeFalse();
    }

    /// <summary>A batch of megabytes costs the arrays that it grows through, and after that nothing.</summary>
    [Fact]
    public void WritingAllocatesNothingPerMessage()
    {
        byte[] buffer = [];
        Write(ref buffer, 50_000).Should().BeGreaterThan(2_000_000);

        // The least of several times: a collection meanwhile takes the rest of the thread's piece of the heap, which counts.
        long least = long.MaxValue;
        for (int count = 0; count < 5; count++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Write(ref buffer, 50_000);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        least.Should().Be(0);

        static int Write(ref byte[] buffer, int count)
        {
            MessageWriter writer = new(ref buffer);
            for (uint message = 0; message < count; message++)
            {
                writer.Begin(0x0A0C, NetlinkHeader.Create, message, NetlinkHeader.FamilyIPv4);
                writer.AddText(1, "kube-proxy");
                int elements = writer.Open(3);
                writer.Add(1, message);
                writer.Close(elements);
                writer.End();
            }

            return writer.Length;
        }
    }

    /// <summary>A length that did not fit its 16 bits would make other attributes of the rest.</summary>
    [Fact]
    public void AnAttributeHasAtMost64Kilobytes()
    {
        byte[] buffer = [];
        MessageWriter writer = new(ref buffer);
        writer.Begin(1, 0, 1);
        int full = writer.Open(1);
        writer.Add(2, new byte[65_524]);
        writer.Close(full);
        int tooFull = writer.Open(1);
        writer.Add(2, new byte[65_524]);
        writer.Add(3, (byte)1);

        bool isRefused = false;
        try
        {
            writer.Close(tooFull);
        }
        catch (InvalidOperationException)
        {
            isRefused = true;
        }

        isRefused.Should().BeTrue();
    }

    private static AttributeReader Next(ref AttributeReader attributes)
    {
        attributes.Read().Should().BeTrue();
        return attributes;
    }
}

using System.Buffers.Binary;

namespace KubeProxySharp.FakeApi.Faults;

/// <summary>Puts bytes into the stream as they are.</summary>
/// <param name="Bytes">The bytes.</param>
public sealed record RawBytesFault(ReadOnlyMemory<byte> Bytes) : WatchFault
{
    /// <summary>A well-formed frame around bytes that are no event.</summary>
    public static RawBytesFault Garbage() => new(new byte[] { 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff });

    /// <summary>A frame that says it is longer than the 16 MiB that clients take (kubernetes-wire.md 1.4).</summary>
    public static RawBytesFault Oversize(int length = (16 << 20) + 1)
    {
        byte[] frame = new byte[4 + 1024];
        BinaryPrimitives.WriteInt32BigEndian(frame, length);
        return new(frame);
    }

    /// <summary>An ADDED whose object lacks the magic bytes.</summary>
    public static RawBytesFault UndecodableObject() =>
        new((byte[])[0, 0, 0, 13, 0x0a, 5, .. "ADDED"u8, 0x12, 4, 0x0a, 2, (byte)'?', (byte)'?']);
}

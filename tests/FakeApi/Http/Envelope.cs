using System.Buffers.Binary;
using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Http;

/// <summary>Writes the envelopes of objects and the frames of watches (kubernetes-wire.md 1.2, 1.4).</summary>
internal static class Envelope
{
    private static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>Content encoding and type: always written, always empty.</summary>
    public static ReadOnlySpan<byte> Tail => [0x1a, 0, 0x22, 0];

    /// <summary>Magic and envelope of an object up to its bytes, whose length is given.</summary>
    public static byte[] Head(string apiVersion, string kind, int length)
    {
        ProtoBuffer buffer = new();
        buffer.Raw(Magic);
        int type = buffer.Begin(0x0a);
        buffer.Text(0x0a, apiVersion);
        buffer.Text(0x12, kind);
        buffer.End(type);
        buffer.Varint(0x12);
        buffer.Varint((ulong)length);
        return buffer.ToArray();
    }

    public static byte[] Object(string apiVersion, string kind, ReadOnlySpan<byte> message) =>
        [.. Head(apiVersion, kind, message.Length), .. message, .. Tail];

    /// <summary>One event of a watch in protobuf: length, event, magic, envelope, object.</summary>
    public static byte[] ProtoFrame(string eventType, string apiVersion, string kind, ReadOnlySpan<byte> message)
    {
        ProtoBuffer buffer = new();
        buffer.Raw([0, 0, 0, 0]);
        buffer.Text(0x0a, eventType);
        int raw = buffer.Begin(0x12);
        byte[] head = Head(apiVersion, kind, message.Length);
        buffer.Varint(0x0a);
        buffer.Varint((ulong)(head.Length + message.Length + Tail.Length));
        buffer.Raw(head);
        buffer.Raw(message);
        buffer.Raw(Tail);
        buffer.End(raw);
        byte[] frame = buffer.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(frame, frame.Length - 4);
        return frame;
    }

    /// <summary>One event of a watch in JSON: a document on a line.</summary>
    public static byte[] JsonFrame(string eventType, ReadOnlySpan<byte> json) =>
        [.. "{\"type\":\""u8, .. System.Text.Encoding.UTF8.GetBytes(eventType), .. "\",\"object\":"u8, .. json, .. "}\n"u8];
}

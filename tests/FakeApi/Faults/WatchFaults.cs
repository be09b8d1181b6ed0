using System.Buffers.Binary;

namespace KubeProxySharp.FakeApi.Faults;

/// <summary>A fault in the events of a watch. It affects a running watch at once.</summary>
public abstract record WatchFault : Fault;

/// <summary>From now on the watch sends bookmarks instead of events.</summary>
public sealed record BookmarkOnlyFault : WatchFault;

/// <summary>Ends the watch cleanly; at its start, this is what client-go calls a very short watch.</summary>
public sealed record EndFault : WatchFault;

/// <summary>Sends an ERROR event with a Status and ends the watch.</summary>
/// <param name="Code">The code of the Status.</param>
/// <param name="Reason">Its reason.</param>
/// <param name="Text">Its message.</param>
public sealed record ErrorEventFault(int Code, string Reason, string Text = "injected") : WatchFault;

/// <summary>Answers the watch with an ERROR event 410 Expired and ends it.</summary>
public sealed record ExpiredFault : WatchFault;

/// <summary>Sends the first half of the next event's frame and ends the watch.</summary>
/// <param name="Reset">Whether the stream is reset rather than ended.</param>
public sealed record HalfFrameFault(bool Reset) : WatchFault;

/// <summary>Ends a streaming list before its end marker.</summary>
public sealed record MissingMarkerFault : WatchFault;

/// <summary>Inserts bytes into the stream.</summary>
/// <param name="Bytes">The bytes.</param>
public sealed record RawBytesFault(ReadOnlyMemory<byte> Bytes) : WatchFault
{
    /// <summary>A well-formed frame whose content is no event.</summary>
    public static RawBytesFault Garbage() => new(new byte[] { 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff });

    /// <summary>A frame whose length prefix exceeds the 16 MiB that clients accept (kubernetes-wire.md 1.4).</summary>
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

/// <summary>Sends every event of the watch twice from now on.</summary>
public sealed record RepeatFault : WatchFault;

/// <summary>Inserts an event of an unknown type into the stream.</summary>
/// <param name="EventType">The type.</param>
public sealed record UnknownEventFault(string EventType = "RENAMED") : WatchFault;

/// <summary>Inserts an ADDED event with an object of another kind into the stream.</summary>
public sealed record WrongKindFault : WatchFault;

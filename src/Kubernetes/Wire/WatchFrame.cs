namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>One event of a protobuf watch after its length prefix: a type and an object with magic (wire notes 1.4).</summary>
internal readonly ref struct WatchFrame
{
    private WatchFrame(ReadOnlySpan<byte> type, ReadOnlySpan<byte> body)
    {
        Type = type;
        Body = body;
    }

    /// <summary>ADDED, MODIFIED, DELETED, BOOKMARK or ERROR.</summary>
    public ReadOnlySpan<byte> Type { get; }

    /// <summary>Magic and envelope of the object.</summary>
    public ReadOnlySpan<byte> Body { get; }

    /// <summary>Opens a frame.</summary>
    /// <exception cref="WireException">It is broken.</exception>
    public static WatchFrame Read(ReadOnlySpan<byte> frame)
    {
        ReadOnlySpan<byte> type = default;
        ReadOnlySpan<byte> body = default;
        WireReader reader = new(frame);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case 0x0a: // type
                    type = reader.ReadBytes();
                    break;
                case 0x12: // object
                    body = RawOf(reader.ReadBytes());
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new(type, body);
    }

    /// <summary>The event's type; <see cref="ResourceEventType.Put"/> for ADDED and MODIFIED.</summary>
    /// <exception cref="WireException">The type is unknown; client-go treats that as a broken stream too.</exception>
    public static ResourceEventType TypeOf(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("ADDED"u8) || text.SequenceEqual("MODIFIED"u8) ? ResourceEventType.Put
        : text.SequenceEqual("DELETED"u8) ? ResourceEventType.Deleted
        : text.SequenceEqual("BOOKMARK"u8) ? ResourceEventType.Bookmark
        : text.SequenceEqual("ERROR"u8) ? ResourceEventType.Error
        : throw new WireException("a watch event has a type that the API does not define");

    private static ReadOnlySpan<byte> RawOf(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> raw = default;
        WireReader reader = new(message);
        while (reader.TryReadKey(out uint key))
        {
            if (key == 0x0a) // raw
            {
                raw = reader.ReadBytes();
            }
            else
            {
                reader.Skip(key);
            }
        }

        return raw;
    }
}

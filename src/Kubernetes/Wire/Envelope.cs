namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>The envelope of every protobuf object: a magic number, then apiVersion and kind, and the object's bytes (wire notes 1.2).</summary>
internal readonly ref struct Envelope
{
    /// <summary>The type header's key, the object's key.</summary>
    public const uint TypeKey = 0x0a;

    /// <inheritdoc cref="TypeKey"/>
    public const uint ObjectKey = 0x12;

    private Envelope(TypeHeader type, ReadOnlySpan<byte> message)
    {
        Type = type;
        Message = message;
    }

    /// <summary>The four bytes before every envelope.</summary>
    public static ReadOnlySpan<byte> Magic => "k8s\0"u8;

    /// <summary>apiVersion and kind.</summary>
    public TypeHeader Type { get; }

    /// <summary>The object's own message.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>Opens an envelope with its magic.</summary>
    /// <exception cref="WireException">The magic is missing, or the bytes are no envelope.</exception>
    public static Envelope Read(ReadOnlySpan<byte> body)
    {
        if (body.Length <= Magic.Length || !body.StartsWith(Magic))
        {
            throw new WireException("an object does not begin with the magic of the protobuf format");
        }

        TypeHeader type = default;
        ReadOnlySpan<byte> message = default;
        WireReader reader = new(body[Magic.Length..]);
        while (reader.TryReadKey(out uint key))
        {
            switch (key)
            {
                case TypeKey:
                    type = TypeHeader.Read(reader.ReadBytes());
                    break;
                case ObjectKey:
                    message = reader.ReadBytes();
                    break;
                default:
                    reader.Skip(key);
                    break;
            }
        }

        return new(type, message);
    }
}

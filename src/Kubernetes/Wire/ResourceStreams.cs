namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Makes the reader that fits a response's Content-Type: the server may answer JSON to whatever was asked (wire notes 1.1).</summary>
internal static class ResourceStreams
{
    /// <summary>The media type of protobuf.</summary>
    public const string ProtobufMediaType = "application/vnd.kubernetes.protobuf";

    /// <summary>The format that a media type, without its parameters, stands for.</summary>
    public static WireFormat FormatOf(string? mediaType) => mediaType?.ToLowerInvariant() switch
    {
        ProtobufMediaType => WireFormat.Protobuf,
        "application/json" => WireFormat.Json,
        _ => WireFormat.Unknown,
    };

    /// <summary>A reader of a watch.</summary>
    /// <exception cref="WireException">The format is neither protobuf nor JSON.</exception>
    public static IResourceStream<T> Watch<T>(Stream body, WireFormat format, ExpectedKind kind, IResourceDecoder<T> decoder, NameTable names)
        where T : class => format switch
        {
            WireFormat.Protobuf => new ProtobufWatchStream<T>(new BufferedBody(body), kind, decoder, names),
            WireFormat.Json => new JsonWatchStream<T>(new BufferedBody(body), new JsonEventReader<T>(kind, decoder)),
            _ => throw Unreadable(),
        };

    /// <summary>A reader of a list.</summary>
    /// <exception cref="WireException">The format is neither protobuf nor JSON.</exception>
    public static IResourceStream<T> List<T>(Stream body, WireFormat format, ExpectedKind kind, IResourceDecoder<T> decoder, NameTable names)
        where T : class => format switch
        {
            WireFormat.Protobuf => new ProtobufListStream<T>(new BufferedBody(body), kind, decoder, names),
            WireFormat.Json => new JsonListStream<T>(new BufferedBody(body), kind, new JsonEventReader<T>(kind, decoder)),
            _ => throw Unreadable(),
        };

    private static WireException Unreadable() => new("the answer is neither protobuf nor JSON; is something between this node and the API server?");
}

using KubeProxySharp.Kubernetes.Documents;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Makes the reader for a response's Content-Type: a server may always answer with JSON (wire notes 1.1).</summary>
internal static class ResourceStreams
{
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

/// <summary>Reads the body of a list or a watch, one object at a time.</summary>
/// <typeparam name="T">The input type.</typeparam>
internal interface IResourceStream<T> : IDisposable
    where T : class
{
    /// <summary>Waits for the next event.</summary>
    /// <returns>Null at the clean end of the body.</returns>
    /// <exception cref="WireException">The body is not what the format allows.</exception>
    /// <exception cref="IOException">The body ended in the middle, or the connection was lost.</exception>
    ValueTask<ResourceEvent<T>?> NextAsync(CancellationToken cancellationToken);
}

/// <summary>Decodes an object of the API, in either format, to an input type of the rule model.</summary>
/// <typeparam name="T">The input type.</typeparam>
internal interface IResourceDecoder<T>
    where T : class
{
    /// <summary>From a protobuf message without its envelope.</summary>
    /// <exception cref="WireException">The message is broken.</exception>
    T Decode(ReadOnlySpan<byte> message, NameTable names);

    /// <summary>From JSON.</summary>
    /// <exception cref="DocumentException">A field has a wrong type or an impossible value.</exception>
    T Decode(DocumentNode document);

    /// <summary>The key of an object.</summary>
    NamespacedName NameOf(T value);
}

/// <summary>The format of a response body.</summary>
internal enum WireFormat
{
    /// <summary>Neither of the others.</summary>
    Unknown,

    /// <summary><c>application/vnd.kubernetes.protobuf</c>.</summary>
    Protobuf,

    /// <summary><c>application/json</c>.</summary>
    Json,
}

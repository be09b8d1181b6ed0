using System.Buffers.Binary;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Reads a protobuf watch: frames of a big-endian length and an event (wire notes 1.4).</summary>
/// <param name="body">The response body; disposed with this.</param>
/// <param name="kind">The kind that is watched.</param>
/// <param name="decoder">Decodes its objects.</param>
/// <param name="names">The names known so far.</param>
internal sealed class ProtobufWatchStream<T>(BufferedBody body, ExpectedKind kind, IResourceDecoder<T> decoder, NameTable names)
    : IResourceStream<T>
    where T : class
{
    private const int PrefixLength = 4;

    /// <inheritdoc/>
    public async ValueTask<ResourceEvent<T>?> NextAsync(CancellationToken cancellationToken)
    {
        if (!await body.FillAsync(PrefixLength, cancellationToken))
        {
            return body.Bytes.IsEmpty ? null : throw new EndOfStreamException("the watch ended inside the length of a frame");
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(body.Bytes);
        if (length > WireLimits.MaxObjectLength)
        {
            throw new WireException($"a watch frame claims {length} bytes; {WireLimits.MaxObjectLength} is the most that a server sends");
        }

        int frameEnd = PrefixLength + (int)length;
        if (!await body.FillAsync(frameEnd, cancellationToken))
        {
            throw new EndOfStreamException("the watch ended inside a frame");
        }

        ResourceEvent<T> next = Read(body.Bytes[PrefixLength..frameEnd]);
        body.Advance(frameEnd);
        return next;
    }

    /// <inheritdoc/>
    public void Dispose() => body.Dispose();

    private ResourceEvent<T> Read(ReadOnlySpan<byte> bytes)
    {
        WatchFrame frame = WatchFrame.Read(bytes);
        ResourceEventType type = WatchFrame.TypeOf(frame.Type);
        Envelope envelope = Envelope.Read(frame.Body);
        if (type == ResourceEventType.Error)
        {
            return new() { Type = type, Status = envelope.Type.IsStatus ? StatusWireReader.Read(envelope.Message) : new() };
        }

        if (!kind.Is(envelope.Type))
        {
            return Foreign(envelope.Type.Describe());
        }

        ObjectHeader header = ObjectHeader.ReadFrom(envelope.Message);
        string version = WireName.ResourceVersion(header);
        if (type == ResourceEventType.Bookmark)
        {
            bool isEnd = header.TryGetAnnotation("k8s.io/initial-events-end"u8, out ReadOnlySpan<byte> value) && value.SequenceEqual("true"u8);
            return new() { Type = type, ResourceVersion = version, EndsListing = isEnd };
        }

        if (type == ResourceEventType.Deleted)
        {
            return new() { Type = type, Name = names.Resolve(header.Namespace, header.Name), ResourceVersion = version };
        }

        try
        {
            T value = decoder.Decode(envelope.Message, names);
            return new() { Type = type, Name = decoder.NameOf(value), ResourceVersion = version, Value = value };
        }
        catch (WireException e)
        {
            // Frame and envelope are valid, so the stream continues: one broken object must not stop the others.
            NamespacedName name = names.Resolve(header.Namespace, header.Name);
            return new() { Type = ResourceEventType.Unusable, Name = name, ResourceVersion = version, Problem = $"{kind.Kind} {name}: {e.Message}" };
        }
    }

    private ResourceEvent<T> Foreign(string found) =>
        new() { Type = ResourceEventType.Unusable, ResourceVersion = "", Problem = $"the server sent {found} where {kind} was asked for" };
}

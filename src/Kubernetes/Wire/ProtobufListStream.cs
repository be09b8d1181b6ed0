using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// Reads a protobuf list item by item while it arrives; only one item is in memory (wire notes 1.2, 1.3, 1.9). It ends
/// with a bookmark that has the list's resource version.
/// </summary>
/// <param name="body">The response body; disposed with this.</param>
/// <param name="kind">The kind of the items.</param>
/// <param name="decoder">Decodes them.</param>
/// <param name="names">The names known so far.</param>
internal sealed class ProtobufListStream<T>(BufferedBody body, ExpectedKind kind, IResourceDecoder<T> decoder, NameTable names)
    : IResourceStream<T>
    where T : class
{
    private const uint HeaderKey = 0x0a;
    private const uint ItemsKey = 0x12;
    private const int MaxVarintLength = 10;

    private ListHeader _header = new("", "");
    private ulong _left;
    private bool _isOpen;
    private bool _isAtEnd;

    /// <inheritdoc/>
    public async ValueTask<ResourceEvent<T>?> NextAsync(CancellationToken cancellationToken)
    {
        if (_isAtEnd)
        {
            return null;
        }

        if (!_isOpen)
        {
            await OpenAsync(cancellationToken);
            _isOpen = true;
        }

        while (_left != 0)
        {
            (uint key, int length) = await ReadFieldAsync(cancellationToken);
            if (key == HeaderKey)
            {
                _header = ListHeader.Read(body.Bytes[..length]);
            }

            ResourceEvent<T>? item = key == ItemsKey ? Read(body.Bytes[..length]) : null;
            Consume(length);
            if (item is not null)
            {
                return item;
            }
        }

        _isAtEnd = true;
        return new ResourceEvent<T>
        {
            Type = ResourceEventType.Bookmark,
            ResourceVersion = _header.ResourceVersion,
            Continue = _header.Continue,
            EndsListing = true,
        };
    }

    /// <inheritdoc/>
    public void Dispose() => body.Dispose();

    /// <summary>Reads up to the first byte of the list message; the kind comes before it.</summary>
    private async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        await RequireAsync(Envelope.Magic.Length, cancellationToken);
        if (!body.Bytes.StartsWith(Envelope.Magic))
        {
            throw new WireException("the list does not begin with the magic of the protobuf format");
        }

        body.Advance(Envelope.Magic.Length);
        _left = ulong.MaxValue;
        (uint key, int length) = await ReadFieldAsync(cancellationToken);
        if (key != Envelope.TypeKey)
        {
            throw new WireException("the list does not begin with its kind");
        }

        TypeHeader type = TypeHeader.Read(body.Bytes[..length]);
        if (!kind.IsList(type))
        {
            throw new WireException($"the server sent {type.Describe()} where a list of {kind} was asked for");
        }

        Consume(length);
        if (await ReadVarintAsync(cancellationToken) != Envelope.ObjectKey)
        {
            throw new WireException("the list has something else where its items should be");
        }

        _left = await ReadVarintAsync(cancellationToken);
    }

    /// <summary>Reads key and length of a field and waits for its bytes; a number is skipped and counts as length 0.</summary>
    private async ValueTask<(uint Key, int Length)> ReadFieldAsync(CancellationToken cancellationToken)
    {
        ulong key = await ReadVarintAsync(cancellationToken);
        ulong value = await ReadVarintAsync(cancellationToken);
        switch (key & 7)
        {
            case 0:
                return ((uint)key, 0);
            case 2 when value <= WireLimits.MaxObjectLength && value <= _left && key <= uint.MaxValue:
                await RequireAsync((int)value, cancellationToken);
                return ((uint)key, (int)value);
            default:
                throw new WireException("the list has a field that is too long or of an unknown type");
        }
    }

    private async ValueTask<ulong> ReadVarintAsync(CancellationToken cancellationToken)
    {
        ulong value = 0;
        for (int index = 0; index < MaxVarintLength; index++)
        {
            await RequireAsync(1, cancellationToken);
            byte part = body.Bytes[0];
            Consume(1);
            value |= (ulong)(part & 0x7f) << (7 * index);
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new WireException("an integer is longer than ten bytes");
    }

    private async ValueTask RequireAsync(int count, CancellationToken cancellationToken)
    {
        if (!await body.FillAsync(count, cancellationToken))
        {
            throw new EndOfStreamException("the list ended before its last item");
        }
    }

    private void Consume(int count)
    {
        if ((ulong)count > _left)
        {
            throw new WireException("an item is longer than the list that holds it");
        }

        body.Advance(count);
        _left -= (ulong)count;
    }

    private ResourceEvent<T> Read(ReadOnlySpan<byte> item)
    {
        try
        {
            T value = decoder.Decode(item, names);
            return new() { Type = ResourceEventType.Put, Name = decoder.NameOf(value), Value = value, ResourceVersion = "" };
        }
        catch (WireException e)
        {
            ObjectHeader header = ObjectHeader.ReadFrom(item);
            NamespacedName name = names.Resolve(header.Namespace, header.Name);
            return new() { Type = ResourceEventType.Unusable, Name = name, ResourceVersion = "", Problem = $"{kind.Kind} {name}: {e.Message}" };
        }
    }
}

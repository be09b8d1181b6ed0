namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Reads a JSON watch: one event per line.</summary>
/// <param name="body">The response body; disposed with this.</param>
/// <param name="reader">Reads the events.</param>
internal sealed class JsonWatchStream<T>(BufferedBody body, JsonEventReader<T> reader) : IResourceStream<T>
    where T : class
{
    private readonly JsonObject<ResourceEvent<T>> _json = new(reader.ReadEvent);

    /// <inheritdoc/>
    public async ValueTask<ResourceEvent<T>?> NextAsync(CancellationToken cancellationToken)
    {
        int searched = 0;
        while (true)
        {
            int end = body.Bytes[searched..].IndexOf((byte)'\n');
            if (end < 0)
            {
                searched = body.Bytes.Length;
                if (await body.ReadMoreAsync(cancellationToken))
                {
                    continue;
                }

                return body.Bytes.TrimStart(" \t\r\n"u8).IsEmpty ? null : throw new EndOfStreamException("the watch ended inside an event");
            }

            int length = searched + end;
            searched = 0;
            if (!body.Bytes[..length].TrimStart(" \t\r"u8).IsEmpty)
            {
                ResourceEvent<T> next = _json.Read(body.StreamOf(0, length));
                body.Advance(length + 1);
                return next;
            }

            body.Advance(length + 1);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => body.Dispose();
}

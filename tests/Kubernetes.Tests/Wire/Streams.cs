using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Wire;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>Reads whole bodies with the readers of lists and watches.</summary>
internal static class Streams
{
    public static Task<List<ResourceEvent<T>>> Read<T>(ApiResource<T> resource, string recorded, bool isWatch, int piece = int.MaxValue)
        where T : class =>
        Read(resource, RecordedBodies.Body(recorded), recorded.Contains(".json", StringComparison.Ordinal) ? WireFormat.Json : WireFormat.Protobuf, isWatch, piece);

    public static async Task<List<ResourceEvent<T>>> Read<T>(ApiResource<T> resource, byte[] body, WireFormat format, bool isWatch, int piece = int.MaxValue)
        where T : class
    {
        Utf8StringPool pool = new();
        NameTable names = new(pool);
        IResourceDecoder<T> decoder = resource.MakeDecoder(pool);
        ChunkedStream stream = new(body, piece);
        using IResourceStream<T> events = isWatch
            ? ResourceStreams.Watch(stream, format, resource.ExpectedKind, decoder, names)
            : ResourceStreams.List(stream, format, resource.ExpectedKind, decoder, names);
        List<ResourceEvent<T>> all = [];
        while (await events.NextAsync(CancellationToken.None) is ResourceEvent<T> next)
        {
            all.Add(next);
        }

        return all;
    }
}

/// <summary>A body that arrives in small pieces.</summary>
internal sealed class ChunkedStream(byte[] content, int piece) : MemoryStream(content, writable: false)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
}

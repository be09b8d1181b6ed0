namespace KubeProxySharp.Kubernetes.Tests.Wire;

/// <summary>A body that arrives in small pieces.</summary>
internal sealed class DripStream(byte[] content, int piece) : MemoryStream(content, writable: false)
{
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        base.ReadAsync(buffer[..Math.Min(piece, buffer.Length)], cancellationToken);
}

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>A response body that sends the same bytes again and again, and does not end.</summary>
/// <param name="content">The bytes.</param>
/// <param name="pause">The time between two times; infinite to send them once.</param>
/// <param name="time">The clock.</param>
internal sealed class TricklingBody(byte[] content, TimeSpan pause, TimeProvider time) : MemoryStream(content, writable: false)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (Position == Length)
        {
            await Task.Delay(pause, time, cancellationToken);
            Position = 0;
        }

        return await base.ReadAsync(buffer, cancellationToken);
    }
}

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>A response body that ends in a chosen way. A silent one ends when it is told to.</summary>
internal sealed class ScriptedBody(byte[] content, BodyEnd end) : MemoryStream(content, writable: false)
{
    private readonly TaskCompletionSource _finish = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Whether somebody waits for the end of a silent body.</summary>
    public bool IsWaitedFor { get; private set; }

    /// <summary>Lets a silent body end cleanly.</summary>
    public void Finish() => _finish.TrySetResult();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = await base.ReadAsync(buffer, cancellationToken);
        if (read != 0 || end == BodyEnd.Clean)
        {
            return read;
        }

        if (end == BodyEnd.Lost)
        {
            throw new HttpIOException(HttpRequestError.ResponseEnded, "The response ended prematurely.");
        }

        IsWaitedFor = true;
        await _finish.Task.WaitAsync(cancellationToken);
        return 0;
    }
}

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

/// <summary>How a scripted body goes on after its bytes.</summary>
internal enum BodyEnd
{
    /// <summary>It ends as it should.</summary>
    Clean,

    /// <summary>The connection is lost.</summary>
    Lost,

    /// <summary>Nothing comes any more.</summary>
    Silent,
}

/// <summary>A response body that sends the same bytes again and again, and does not end.</summary>
/// <param name="content">The bytes.</param>
/// <param name="pause">The time between two times; infinite to send them once.</param>
/// <param name="time">The clock.</param>
internal sealed class RepeatingBody(byte[] content, TimeSpan pause, TimeProvider time) : MemoryStream(content, writable: false)
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

using System.Collections.Concurrent;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace KubeProxySharp.FakeApi.Transport;

/// <summary>Connection middleware that drops connections, or stops their traffic without a FIN.</summary>
internal sealed class ConnectionGate
{
    private readonly ConcurrentDictionary<string, ConnectionContext> _connections = new(StringComparer.Ordinal);
    private volatile TaskCompletionSource? _frozen;
    private volatile bool _isClosed;

    public int Count => _connections.Count;

    /// <summary>Stops all traffic, PINGs and TLS handshakes included; new connections are accepted and hang.</summary>
    public void Freeze() => _frozen ??= new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Unfreeze()
    {
        TaskCompletionSource? frozen = _frozen;
        _frozen = null;
        frozen?.TrySetResult();
    }

    /// <summary>Closes new connections as soon as they are accepted.</summary>
    public void Close() => _isClosed = true;

    public void Open() => _isClosed = false;

    public void DropAll()
    {
        foreach (ConnectionContext connection in _connections.Values)
        {
            connection.Abort(new ConnectionAbortedException("dropped on command"));
        }
    }

    public void Drop(string connectionId)
    {
        if (_connections.TryGetValue(connectionId, out ConnectionContext? connection))
        {
            connection.Abort(new ConnectionAbortedException("dropped on command"));
        }
    }

    public async Task OnConnectionAsync(ConnectionContext connection, Func<Task> next)
    {
        if (_isClosed)
        {
            connection.Abort(new ConnectionAbortedException("closed on command"));
            return;
        }

        _connections[connection.ConnectionId] = connection;
        IDuplexPipe transport = connection.Transport;
        try
        {
            connection.Transport = new GatedPipe(transport, this);
            await next();
        }
        finally
        {
            connection.Transport = transport;
            _connections.TryRemove(connection.ConnectionId, out _);
        }
    }

    private async ValueTask PassAsync(CancellationToken cancellationToken)
    {
        while (_frozen is { } frozen)
        {
            await frozen.Task.WaitAsync(cancellationToken);
        }
    }

    private sealed class GatedPipe(IDuplexPipe inner, ConnectionGate gate) : IDuplexPipe
    {
        public PipeReader Input { get; } = new GatedReader(inner.Input, gate);

        public PipeWriter Output { get; } = new GatedWriter(inner.Output, gate);
    }

    private sealed class GatedReader(PipeReader inner, ConnectionGate gate) : PipeReader
    {
        public override void AdvanceTo(SequencePosition consumed) => inner.AdvanceTo(consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => inner.AdvanceTo(consumed, examined);

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            ReadResult result = await inner.ReadAsync(cancellationToken);
            // Bytes that arrive while frozen wait here; the end of a connection does not.
            if (!result.IsCanceled && !result.IsCompleted)
            {
                await gate.PassAsync(cancellationToken);
            }

            return result;
        }

        public override bool TryRead(out ReadResult result)
        {
            result = default;
            return gate._frozen is null && inner.TryRead(out result);
        }
    }

    private sealed class GatedWriter(PipeWriter inner, ConnectionGate gate) : PipeWriter
    {
        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            await gate.PassAsync(cancellationToken);
            return await inner.FlushAsync(cancellationToken);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
    }
}

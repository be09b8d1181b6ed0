using System.Buffers;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Measures a transaction: how much text there is, and where the time goes.</summary>
/// <param name="text">Writes the text.</param>
/// <param name="time">The clock.</param>
internal sealed class MeasuredText(Action<IBufferWriter<byte>> text, TimeProvider time)
{
    private readonly long _start = time.GetTimestamp();
    private long _written;
    private bool _isWritten;
    private long _bytes;

    /// <summary>Writes the text. A second time, for the context of an error, is not measured.</summary>
    public void Write(IBufferWriter<byte> output)
    {
        if (_isWritten)
        {
            text(output);
            return;
        }

        Counter counter = new(output);
        text(counter);
        _bytes = counter.Bytes;
        _written = time.GetTimestamp();
        _isWritten = true;
    }

    /// <summary>The figures when the tool has ended; null when it took no text.</summary>
    public ApplyFigures? End() => _isWritten ? new(_bytes, time.GetElapsedTime(_start, _written), time.GetElapsedTime(_written)) : null;

    private sealed class Counter(IBufferWriter<byte> output) : IBufferWriter<byte>
    {
        public long Bytes { get; private set; }

        public void Advance(int count)
        {
            Bytes += count;
            output.Advance(count);
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => output.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => output.GetSpan(sizeHint);
    }
}

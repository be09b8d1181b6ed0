using System.Buffers;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>
/// The unread part of a response body in a rented buffer. It grows only as bytes arrive, never because of a length prefix,
/// and shrinks again after a large object.
/// </summary>
/// <param name="stream">The body.</param>
internal sealed class BufferedBody(Stream stream) : IDisposable
{
    private const int InitialLength = 16 * 1024;
    private const int KeptLength = 256 * 1024;

    /// <summary>A frame and the length before it, or a list item and the keys before it.</summary>
    private const int MaxLength = WireLimits.MaxObjectLength + 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialLength);
    private int _start;
    private int _end;
    private bool _isDisposed;

    /// <summary>The received bytes that are not consumed yet.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.AsSpan(_start, _end - _start);

    /// <summary>A part of <see cref="Bytes"/> as a stream, valid until the next read.</summary>
    public MemoryStream StreamOf(int offset, int length) => new(_buffer, _start + offset, length, writable: false);

    /// <summary>Consumes received bytes.</summary>
    public void Advance(int count)
    {
        _start += count;
        if (_start == _end)
        {
            _start = 0;
            _end = 0;
        }
    }

    /// <summary>Waits until that many bytes have been received.</summary>
    /// <returns>False if the body ends before.</returns>
    public async ValueTask<bool> FillAsync(int count, CancellationToken cancellationToken)
    {
        while (_end - _start < count)
        {
            if (!await ReadMoreAsync(cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Waits for at least one more byte.</summary>
    /// <returns>False at the end of the body.</returns>
    /// <exception cref="WireException">An object is too large.</exception>
    public async ValueTask<bool> ReadMoreAsync(CancellationToken cancellationToken)
    {
        MakeRoom();
        int read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        return read != 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
            _start = 0;
            _end = 0;
            stream.Dispose();
        }
    }

    private void MakeRoom()
    {
        int length = _end - _start;
        if (length == 0 && _buffer.Length > KeptLength)
        {
            Exchange(InitialLength);
        }
        else if (_end < _buffer.Length)
        {
            return;
        }
        else if (length >= MaxLength)
        {
            throw new WireException($"an object is longer than {WireLimits.MaxObjectLength} bytes");
        }
        else if (length <= _buffer.Length / 2)
        {
            Bytes.CopyTo(_buffer);
            _start = 0;
            _end = length;
        }
        else
        {
            Exchange(_buffer.Length * 2);
        }
    }

    private void Exchange(int size)
    {
        byte[] other = ArrayPool<byte>.Shared.Rent(size);
        int length = _end - _start;
        Bytes.CopyTo(other);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = other;
        _start = 0;
        _end = length;
    }
}

using System.Buffers;
using System.Buffers.Text;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Text;

/// <summary>
/// Writes UTF-8 text into an <see cref="IBufferWriter{T}"/> without intermediate strings. Every write reserves the space
/// that it needs first, so text is never truncated. Call <see cref="Flush"/> when done.
/// </summary>
/// <param name="output">Receives the text.</param>
public ref struct Utf8TextWriter(IBufferWriter<byte> output)
{
    private const int MinimumBuffer = 16 * 1024;
    private const int MaxNumberLength = 20;

    private readonly IBufferWriter<byte> _output = output;
    private Span<byte> _buffer;
    private int _length;

    /// <summary>Writes UTF-8 bytes.</summary>
    public void Write(scoped ReadOnlySpan<byte> utf8)
    {
        utf8.CopyTo(Room(utf8.Length));
        _length += utf8.Length;
    }

    /// <summary>Writes one ASCII character.</summary>
    public void WriteAscii(byte character)
    {
        Room(1)[0] = character;
        _length++;
    }

    /// <summary>Writes text.</summary>
    public void Write(string text) => Advance(Encoding.UTF8.GetBytes(text, Room(Encoding.UTF8.GetMaxByteCount(text.Length))));

    /// <summary>Writes a number in decimal.</summary>
    public void Write(long number)
    {
        Utf8Formatter.TryFormat(number, Room(MaxNumberLength), out int written);
        _length += written;
    }

    /// <summary>Writes a number in hexadecimal with the prefix 0x, lower case, no leading zeros unless padded.</summary>
    /// <param name="number">The number.</param>
    /// <param name="digits">The minimum number of digits.</param>
    public void WriteHex(uint number, byte digits = 1)
    {
        Write("0x"u8);
        Utf8Formatter.TryFormat(number, Room(MaxNumberLength), out int written, new StandardFormat('x', digits));
        _length += written;
    }

    /// <summary>Writes an address in canonical form.</summary>
    public void Write(IpAddress address) => Advance(address.Format(Room(IpAddress.MaxTextLength)));

    /// <summary>Writes an address as iptables-save and nft list it.</summary>
    public void WriteAsListed(IpAddress address) => Advance(address.FormatAsListed(Room(IpAddress.MaxTextLength)));

    /// <summary>Writes an endpoint string in canonical form.</summary>
    public void Write(EndpointAddress endpoint) => Advance(endpoint.Format(Room(EndpointAddress.MaxTextLength)));

    /// <summary>Writes an endpoint as iptables-save lists a DNAT target.</summary>
    public void WriteAsListed(EndpointAddress endpoint) => Advance(endpoint.FormatAsListed(Room(EndpointAddress.MaxTextLength)));

    /// <summary>Passes everything written so far to the output.</summary>
    public void Flush()
    {
        _output.Advance(_length);
        _buffer = default;
        _length = 0;
    }

    // Not "_length += Write(Room(n))": that would read the length before Room may have flushed it to zero.
    private void Advance(int written) => _length += written;

    private Span<byte> Room(int size)
    {
        if (_buffer.Length - _length < size)
        {
            Flush();
            _buffer = _output.GetSpan(Math.Max(size, MinimumBuffer));
        }

        return _buffer[_length..];
    }
}

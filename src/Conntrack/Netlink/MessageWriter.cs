using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>
/// Writes netlink messages one after another into an array, which is replaced by one of twice the length when it is full:
/// nothing is allocated per message or attribute, and all can be sent together. <see cref="End"/> and <see cref="Close"/>
/// write the lengths.
/// </summary>
public ref struct MessageWriter
{
    private readonly ref byte[] _buffer;
    private int _length;
    private int _message;

    /// <summary>Starts without messages.</summary>
    /// <param name="buffer">The buffer, owned by the caller; replaced by a larger one when necessary.</param>
    public MessageWriter(ref byte[] buffer)
    {
        _buffer = ref buffer;
        _length = 0;
        _message = 0;
    }

    /// <summary>Number of bytes written, by which callers limit the length of batches and nested attributes.</summary>
    public readonly int Length => _length;

    /// <summary>All messages, after <see cref="End"/> of the last one.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Begins a netfilter message: nlmsghdr and nfgenmsg.</summary>
    /// <param name="type">The message type.</param>
    /// <param name="flags">Flags besides NLM_F_REQUEST.</param>
    /// <param name="sequence">The sequence number, which the answer repeats.</param>
    /// <param name="family">The family.</param>
    /// <param name="resource">The resource id; of the begin and end of a batch, the subsystem.</param>
    public void Begin(ushort type, ushort flags, uint sequence, byte family = NetlinkHeader.FamilyUnspecified, ushort resource = 0)
    {
        Span<byte> generic = Begin(type, flags, sequence, NetlinkHeader.GenericLength);
        generic[0] = family;
        BinaryPrimitives.WriteUInt16BigEndian(generic[2..], resource);
    }

    /// <summary>Begins a message of another netlink family.</summary>
    /// <param name="type">The message type.</param>
    /// <param name="flags">Flags besides NLM_F_REQUEST.</param>
    /// <param name="sequence">The sequence number, which the answer repeats.</param>
    /// <param name="headerLength">The length of the family's header before the attributes, in bytes.</param>
    /// <returns>That header, filled with zeros.</returns>
    public Span<byte> Begin(ushort type, ushort flags, uint sequence, int headerLength)
    {
        _message = _length;
        Span<byte> header = Take(NetlinkHeader.Length + headerLength);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)(NetlinkHeader.Request | flags));
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], sequence);
        return header[NetlinkHeader.Length..];
    }

    /// <summary>Ends the current message.</summary>
    public readonly void End() => BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_message), (uint)(_length - _message));

    /// <summary>Writes a byte.</summary>
    public void Add(ushort type, byte value) => Attribute(type, sizeof(byte))[0] = value;

    /// <summary>Writes 16 bits in network byte order.</summary>
    public void Add(ushort type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Attribute(type, sizeof(ushort)), value);

    /// <summary>Writes 32 bits in network byte order.</summary>
    public void Add(ushort type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Attribute(type, sizeof(uint)), value);

    /// <summary>Writes 64 bits in network byte order.</summary>
    public void Add(ushort type, ulong value) => BinaryPrimitives.WriteUInt64BigEndian(Attribute(type, sizeof(ulong)), value);

    /// <summary>Writes 128 bits in network byte order.</summary>
    public void Add(ushort type, UInt128 value) => BinaryPrimitives.WriteUInt128BigEndian(Attribute(type, 16), value);

    /// <summary>Writes 32 bits in the byte order of this machine.</summary>
    public void AddNative(ushort type, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Attribute(type, sizeof(uint)), value);

    /// <summary>Writes bytes.</summary>
    /// <exception cref="InvalidOperationException">They are longer than an attribute can be.</exception>
    public void Add(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Attribute(type, value.Length));

    /// <summary>Writes a name and its terminating zero.</summary>
    /// <exception cref="InvalidOperationException">It is longer than an attribute can be.</exception>
    public void AddText(ushort type, string value) => Encoding.UTF8.GetBytes(value, Attribute(type, Encoding.UTF8.GetByteCount(value) + 1));

    /// <summary>Writes bytes and a terminating zero.</summary>
    /// <exception cref="InvalidOperationException">They are longer than an attribute can be.</exception>
    public void AddText(ushort type, scoped ReadOnlySpan<byte> value) => value.CopyTo(Attribute(type, value.Length + 1));

    /// <summary>Writes an attribute whose value the caller puts in at once.</summary>
    /// <returns>The value, all zero; what fills it up to a multiple of four bytes may follow.</returns>
    /// <exception cref="InvalidOperationException">It is longer than an attribute can be.</exception>
    public Span<byte> AddZeros(ushort type, int length) => Attribute(type, length);

    /// <summary>Writes messages that are complete.</summary>
    public void Append(scoped ReadOnlySpan<byte> messages) => messages.CopyTo(Take(messages.Length));

    /// <summary>Opens a nested attribute.</summary>
    /// <returns>Its position, for <see cref="Close"/>.</returns>
    public int Open(ushort type)
    {
        int start = _length;
        Attribute((ushort)(type | NetlinkHeader.Nested), 0);
        return start;
    }

    /// <summary>Closes a nested attribute.</summary>
    /// <exception cref="InvalidOperationException">It is longer than an attribute can be, 64 kB.</exception>
    public readonly void Close(int start) => BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(start), AttributeLength(_length - start));

    private static ushort AttributeLength(int length) => length <= ushort.MaxValue
        ? (ushort)length
        : throw new InvalidOperationException($"a netlink attribute of {length} bytes does not fit its length field");

    /// <summary>Writes the header of an attribute.</summary>
    /// <returns>The value and its padding to a multiple of four bytes, all zero.</returns>
    private Span<byte> Attribute(ushort type, int valueLength)
    {
        ushort length = AttributeLength(NetlinkHeader.AttributeLength + valueLength);
        Span<byte> attribute = Take(NetlinkHeader.Align(length));
        BinaryPrimitives.WriteUInt16LittleEndian(attribute, length);
        BinaryPrimitives.WriteUInt16LittleEndian(attribute[2..], type);
        return attribute[NetlinkHeader.AttributeLength..];
    }

    private Span<byte> Take(int length)
    {
        if (_length + length > _buffer.Length)
        {
            Grow(length);
        }

        Span<byte> taken = _buffer.AsSpan(_length, length);
        taken.Clear();
        _length += length;
        return taken;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly void Grow(int length) => Array.Resize(ref _buffer, Math.Max(checked(2 * _buffer.Length), _length + length));
}

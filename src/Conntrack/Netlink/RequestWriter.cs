using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Writes one ctnetlink request into a buffer that is known to be large enough.</summary>
internal ref struct RequestWriter
{
    /// <summary>No request of this project is longer.</summary>
    public const int MaxLength = 512;

    private readonly Span<byte> _buffer;
    private int _length;

    /// <summary>Begins a request.</summary>
    /// <param name="buffer">At least <see cref="MaxLength"/> bytes.</param>
    /// <param name="type">The message type.</param>
    /// <param name="flags">Flags besides NLM_F_REQUEST.</param>
    /// <param name="family">The family, or null for all.</param>
    /// <param name="sequence">The sequence number.</param>
    public RequestWriter(Span<byte> buffer, ushort type, ushort flags, IpFamily? family, uint sequence)
    {
        _buffer = buffer;
        _buffer[..(NetlinkHeader.Length + NetlinkHeader.GenericLength)].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[6..], (ushort)(NetlinkHeader.Request | flags));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer[8..], sequence);
        _buffer[NetlinkHeader.Length] = family switch
        {
            null => NetlinkHeader.FamilyUnspecified,
            IpFamily.IPv4 => NetlinkHeader.FamilyIPv4,
            _ => NetlinkHeader.FamilyIPv6,
        };
        _length = NetlinkHeader.Length + NetlinkHeader.GenericLength;
    }

    /// <summary>Completes the request.</summary>
    public readonly ReadOnlySpan<byte> Finish()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer, (uint)_length);
        return _buffer[.._length];
    }

    /// <summary>Writes a byte.</summary>
    public void Add(ushort type, byte value) => Begin(type, sizeof(byte))[0] = value;

    /// <summary>Writes 16 bits in network byte order.</summary>
    public void Add(ushort type, ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Begin(type, sizeof(ushort)), value);

    /// <summary>Writes 32 bits in network byte order.</summary>
    public void Add(ushort type, uint value) => BinaryPrimitives.WriteUInt32BigEndian(Begin(type, sizeof(uint)), value);

    /// <summary>Writes 32 bits in the byte order of this machine.</summary>
    public void AddNative(ushort type, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Begin(type, sizeof(uint)), value);

    /// <summary>Opens an attribute that holds attributes.</summary>
    /// <returns>What <see cref="Close"/> wants to know.</returns>
    public int Open(ushort type)
    {
        int start = _length;
        Begin((ushort)(type | AttributeType.Nested), 0);
        return start;
    }

    /// <summary>Closes what <see cref="Open"/> opened.</summary>
    public readonly void Close(int start) => BinaryPrimitives.WriteUInt16LittleEndian(_buffer[start..], (ushort)(_length - start));

    /// <summary>Writes the original tuple and the zone of a flow, which is what the kernel finds a flow by.</summary>
    public void AddKey(in ConntrackTuple original, ushort zone, ZoneScope scope)
    {
        int tuple = Open(AttributeType.TupleOriginal);
        int addresses = Open(AttributeType.TupleAddresses);
        bool isIPv4 = original.Family == IpFamily.IPv4;
        AddAddress(isIPv4 ? AttributeType.SourceIPv4 : AttributeType.SourceIPv6, original.Source, isIPv4);
        AddAddress(isIPv4 ? AttributeType.DestinationIPv4 : AttributeType.DestinationIPv6, original.Destination, isIPv4);
        Close(addresses);
        AddTransport(original);
        if (scope == ZoneScope.Original)
        {
            Add(AttributeType.TupleZone, zone);
        }

        Close(tuple);

        // A zone of the reply direction leaves the original direction in zone 0, and that is where it is found.
        if (scope == ZoneScope.Both && zone != 0)
        {
            Add(AttributeType.Zone, zone);
        }
    }

    /// <summary>Writes an address of a family; an IPv6 flow has IPv4-mapped addresses in 16 bytes.</summary>
    public void AddAddress(ushort type, IpAddress address, bool isIPv4)
    {
        if (isIPv4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(Begin(type, 4), address.ToIPv4Bits());
        }
        else
        {
            BinaryPrimitives.WriteUInt128BigEndian(Begin(type, 16), address.ToBits());
        }
    }

    private void AddTransport(in ConntrackTuple tuple)
    {
        int transport = Open(AttributeType.TupleProtocol);
        Add(AttributeType.ProtocolNumber, tuple.Protocol);
        switch (tuple.Protocol)
        {
            case ConntrackTuple.Icmp:
                Add(AttributeType.IcmpId, tuple.IcmpId);
                Add(AttributeType.IcmpType, tuple.IcmpType);
                Add(AttributeType.IcmpCode, tuple.IcmpCode);
                break;
            case ConntrackTuple.IcmpV6:
                Add(AttributeType.IcmpV6Id, tuple.IcmpId);
                Add(AttributeType.IcmpV6Type, tuple.IcmpType);
                Add(AttributeType.IcmpV6Code, tuple.IcmpCode);
                break;
            default:
                Add(AttributeType.SourcePort, tuple.SourcePort);
                Add(AttributeType.DestinationPort, tuple.DestinationPort);
                break;
        }

        Close(transport);
    }

    private Span<byte> Begin(ushort type, int valueLength)
    {
        const int HeaderLength = 4;
        int start = _length;
        int length = HeaderLength + valueLength;
        _length += NetlinkHeader.Align(length);
        _buffer[start.._length].Clear();
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[start..], (ushort)length);
        BinaryPrimitives.WriteUInt16LittleEndian(_buffer[(start + 2)..], type);
        return _buffer[(start + HeaderLength).._length];
    }
}

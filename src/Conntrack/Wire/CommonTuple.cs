using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Wire;

/// <summary>
/// Fast path for tuples in the form in which kernels write tuples with ports: two addresses, then protocol and two ports. With
/// these headers every value has a fixed offset, and no attribute has to be searched for. Most flows have this form, and half
/// of the time of parsing a flow is spent on its tuples. Other forms are left to <see cref="AttributeReader"/>.
/// </summary>
internal static class CommonTuple
{
    private const int LengthIPv4 = 48;
    private const int LengthIPv6 = 72;
    private const int TransportLength = 28;

    /// <summary>Reads a tuple.</summary>
    /// <param name="value">The value of a tuple attribute.</param>
    /// <param name="family">The family of the flow.</param>
    /// <param name="tuple">The tuple.</param>
    /// <returns>Whether it has this form.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // as its caller
    public static bool TryRead(ReadOnlySpan<byte> value, IpFamily family, out ConntrackTuple tuple)
    {
        if (family == IpFamily.IPv4)
        {
            if (value.Length == LengthIPv4
                && IsHeader(value, 0, 20, AttributeType.TupleAddresses | NetlinkHeader.Nested)
                && IsHeader(value, 4, 8, AttributeType.SourceIPv4)
                && IsHeader(value, 12, 8, AttributeType.DestinationIPv4)
                && HasTransport(value[20..]))
            {
                tuple = ToTuple(family, IpAddress.FromBytes(value.Slice(8, 4)), IpAddress.FromBytes(value.Slice(16, 4)), value[20..]);
                return true;
            }
        }
        else if (value.Length == LengthIPv6
            && IsHeader(value, 0, 44, AttributeType.TupleAddresses | NetlinkHeader.Nested)
            && IsHeader(value, 4, 20, AttributeType.SourceIPv6)
            && IsHeader(value, 24, 20, AttributeType.DestinationIPv6)
            && HasTransport(value[44..]))
        {
            tuple = ToTuple(family, IpAddress.FromBytes(value.Slice(8, 16)), IpAddress.FromBytes(value.Slice(28, 16)), value[44..]);
            return true;
        }

        tuple = default;
        return false;
    }

    private static bool HasTransport(ReadOnlySpan<byte> value) =>
        value.Length == TransportLength
        && IsHeader(value, 0, TransportLength, AttributeType.TupleProtocol | NetlinkHeader.Nested)
        && IsHeader(value, 4, 5, AttributeType.ProtocolNumber)
        && IsHeader(value, 12, 6, AttributeType.SourcePort)
        && IsHeader(value, 20, 6, AttributeType.DestinationPort);

    private static ConntrackTuple ToTuple(IpFamily family, IpAddress source, IpAddress destination, ReadOnlySpan<byte> transport) =>
        new(family, transport[8], source, destination, BinaryPrimitives.ReadUInt16BigEndian(transport[16..]), BinaryPrimitives.ReadUInt16BigEndian(transport[24..]));

    private static bool IsHeader(ReadOnlySpan<byte> value, int offset, int length, int type) =>
        BinaryPrimitives.ReadUInt32LittleEndian(value[offset..]) == (uint)(length | (type << 16));
}

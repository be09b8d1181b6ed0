using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Wire;

/// <summary>Writes the key by which ctnetlink finds a flow.</summary>
internal static class KeyWriter
{
    /// <summary>The number of a family in messages.</summary>
    public static byte Number(IpFamily? family) => family switch
    {
        null => NetlinkHeader.FamilyUnspecified,
        IpFamily.IPv4 => NetlinkHeader.FamilyIPv4,
        _ => NetlinkHeader.FamilyIPv6,
    };

    /// <summary>Writes the original tuple and the zone.</summary>
    public static void Write(ref MessageWriter request, in ConntrackTuple original, ushort zone, ZoneScope scope)
    {
        bool isIPv4 = original.Family == IpFamily.IPv4;
        int tuple = request.Open(AttributeType.TupleOriginal);
        int addresses = request.Open(AttributeType.TupleAddresses);
        WriteAddress(ref request, isIPv4 ? AttributeType.SourceIPv4 : AttributeType.SourceIPv6, original.Source, isIPv4);
        WriteAddress(ref request, isIPv4 ? AttributeType.DestinationIPv4 : AttributeType.DestinationIPv6, original.Destination, isIPv4);
        request.Close(addresses);
        WriteTransport(ref request, original);
        if (scope == ZoneScope.Original)
        {
            request.Add(AttributeType.TupleZone, zone);
        }

        request.Close(tuple);

        // With a zone for the reply direction only, the original direction is in zone 0, where the kernel looks it up.
        if (scope == ZoneScope.Both && zone != 0)
        {
            request.Add(AttributeType.Zone, zone);
        }
    }

    /// <summary>Writes an address of a family; an IPv6 flow has IPv4-mapped addresses in 16 bytes.</summary>
    public static void WriteAddress(ref MessageWriter request, ushort type, IpAddress address, bool isIPv4)
    {
        if (isIPv4)
        {
            request.Add(type, address.ToIPv4Bits());
        }
        else
        {
            request.Add(type, address.ToBits());
        }
    }

    private static void WriteTransport(ref MessageWriter request, in ConntrackTuple tuple)
    {
        int transport = request.Open(AttributeType.TupleProtocol);
        request.Add(AttributeType.ProtocolNumber, tuple.Protocol);
        switch (tuple.Protocol)
        {
            case ConntrackTuple.Icmp:
                request.Add(AttributeType.IcmpId, tuple.IcmpId);
                request.Add(AttributeType.IcmpType, tuple.IcmpType);
                request.Add(AttributeType.IcmpCode, tuple.IcmpCode);
                break;
            case ConntrackTuple.IcmpV6:
                request.Add(AttributeType.IcmpV6Id, tuple.IcmpId);
                request.Add(AttributeType.IcmpV6Type, tuple.IcmpType);
                request.Add(AttributeType.IcmpV6Code, tuple.IcmpCode);
                break;
            default:
                request.Add(AttributeType.SourcePort, tuple.SourcePort);
                request.Add(AttributeType.DestinationPort, tuple.DestinationPort);
                break;
        }

        request.Close(transport);
    }
}

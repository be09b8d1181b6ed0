using System.Runtime.CompilerServices;
using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Wire;

/// <summary>Parses flows of ctnetlink messages without allocation. Unknown attributes are skipped.</summary>
internal static class EntryParser
{
    /// <summary>Reads a flow.</summary>
    /// <param name="message">The message.</param>
    /// <param name="entry">Receives the flow.</param>
    /// <exception cref="NetlinkException">The message cannot be read.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // precompiled code may not inline across assemblies
    public static void Parse(NetlinkMessage message, out ConntrackEntry entry)
    {
        IpFamily family = ReadFamily(message.Family);
        ConntrackTuple original = default;
        ConntrackTuple reply = default;
        (ushort Id, ZoneScope Scope) zone = default;
        (TcpState Tcp, SctpState Sctp) state = default;
        FlowCounters originalCounters = default;
        FlowCounters replyCounters = default;
        uint status = 0;
        uint timeout = 0;
        uint mark = 0;
        uint id = 0;
        ulong start = 0;
        int tuples = 0;
        AttributeReader attributes = message.Attributes;
        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case AttributeType.TupleOriginal:
                    if (!CommonTuple.TryRead(attributes.Value, family, out original))
                    {
                        original = ReadTuple(attributes.Nested, family, ZoneScope.Original, ref zone);
                    }

                    tuples |= 1;
                    break;
                case AttributeType.TupleReply:
                    if (!CommonTuple.TryRead(attributes.Value, family, out reply))
                    {
                        reply = ReadTuple(attributes.Nested, family, ZoneScope.Reply, ref zone);
                    }

                    tuples |= 2;
                    break;
                case AttributeType.Status:
                    status = attributes.ToUInt32();
                    break;
                case AttributeType.Timeout:
                    timeout = attributes.ToUInt32();
                    break;
                case AttributeType.Mark:
                    mark = attributes.ToUInt32();
                    break;
                case AttributeType.Id:
                    id = attributes.ToUInt32();
                    break;
                case AttributeType.Zone:
                    zone = (attributes.ToUInt16(), ZoneScope.Both);
                    break;
                case AttributeType.CountersOriginal:
                    originalCounters = ReadCounters(attributes.Nested);
                    break;
                case AttributeType.CountersReply:
                    replyCounters = ReadCounters(attributes.Nested);
                    break;
                case AttributeType.ProtocolInfo:
                    state = ReadProtocolInfo(attributes.Nested);
                    break;
                case AttributeType.Timestamp:
                    start = ReadStart(attributes.Nested);
                    break;
            }
        }

        if (tuples != 3)
        {
            throw AttributeReader.Malformed("a flow lacks a tuple");
        }

        entry = new ConntrackEntry
        {
            Original = original,
            Reply = reply,
            Status = (ConntrackStatus)status,
            TimeoutSeconds = timeout,
            Mark = mark,
            Id = id,
            Zone = zone.Id,
            ZoneScope = zone.Scope,
            OriginalCounters = originalCounters,
            ReplyCounters = replyCounters,
            TcpState = state.Tcp,
            SctpState = state.Sctp,
            StartNanoseconds = start,
        };
    }

    private static IpFamily ReadFamily(byte family) => family switch
    {
        NetlinkHeader.FamilyIPv4 => IpFamily.IPv4,
        NetlinkHeader.FamilyIPv6 => IpFamily.IPv6,
        _ => throw AttributeReader.Malformed("a flow is neither IPv4 nor IPv6"),
    };

    /// <summary>Reads a tuple of any form.</summary>
    internal static ConntrackTuple ReadTuple(AttributeReader attributes, IpFamily family, ZoneScope scope, ref (ushort Id, ZoneScope Scope) zone)
    {
        IpAddress source = default;
        IpAddress destination = default;
        (byte Protocol, ushort SourcePort, ushort DestinationPort) transport = default;
        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case AttributeType.TupleAddresses:
                    ReadAddresses(attributes.Nested, family, out source, out destination);
                    break;
                case AttributeType.TupleProtocol:
                    transport = ReadTransport(attributes.Nested);
                    break;
                case AttributeType.TupleZone:
                    zone = (attributes.ToUInt16(), scope);
                    break;
            }
        }

        return new(family, transport.Protocol, source, destination, transport.SourcePort, transport.DestinationPort);
    }

    private static void ReadAddresses(AttributeReader attributes, IpFamily family, out IpAddress source, out IpAddress destination)
    {
        source = destination = default;
        bool isIPv4 = family == IpFamily.IPv4;
        int length = isIPv4 ? 4 : 16;
        ushort sourceType = isIPv4 ? AttributeType.SourceIPv4 : AttributeType.SourceIPv6;
        int found = 0;
        while (attributes.Read())
        {
            if (attributes.Type == sourceType)
            {
                source = attributes.ToAddress(length);
                found |= 1;
            }
            else if (attributes.Type == sourceType + 1)
            {
                destination = attributes.ToAddress(length);
                found |= 2;
            }
        }

        if (found != 3)
        {
            throw AttributeReader.Malformed("a tuple lacks an address of its family");
        }
    }

    private static (byte Protocol, ushort SourcePort, ushort DestinationPort) ReadTransport(AttributeReader attributes)
    {
        byte protocol = 0;
        ushort sourcePort = 0;
        ushort destinationPort = 0;
        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case AttributeType.ProtocolNumber:
                    protocol = attributes.ToByte();
                    break;
                case AttributeType.SourcePort or AttributeType.IcmpId or AttributeType.IcmpV6Id:
                    sourcePort = attributes.ToUInt16();
                    break;
                case AttributeType.DestinationPort:
                    destinationPort = attributes.ToUInt16();
                    break;
                case AttributeType.IcmpType or AttributeType.IcmpV6Type:
                    destinationPort = (ushort)((attributes.ToByte() << 8) | (byte)destinationPort);
                    break;
                case AttributeType.IcmpCode or AttributeType.IcmpV6Code:
                    destinationPort = (ushort)((destinationPort & 0xFF00) | attributes.ToByte());
                    break;
            }
        }

        return (protocol, sourcePort, destinationPort);
    }

    private static FlowCounters ReadCounters(AttributeReader attributes)
    {
        ulong packets = 0;
        ulong bytes = 0;
        while (attributes.Read())
        {
            if (attributes.Type == AttributeType.CounterPackets)
            {
                packets = attributes.ToUInt64();
            }
            else if (attributes.Type == AttributeType.CounterBytes)
            {
                bytes = attributes.ToUInt64();
            }
        }

        return new(packets, bytes);
    }

    private static (TcpState Tcp, SctpState Sctp) ReadProtocolInfo(AttributeReader attributes)
    {
        TcpState tcp = TcpState.None;
        SctpState sctp = SctpState.None;
        while (attributes.Read())
        {
            if (attributes.Type == AttributeType.ProtocolInfoTcp)
            {
                tcp = (TcpState)ReadState(attributes.Nested);
            }
            else if (attributes.Type == AttributeType.ProtocolInfoSctp)
            {
                sctp = (SctpState)ReadState(attributes.Nested);
            }
        }

        return (tcp, sctp);
    }

    private static byte ReadState(AttributeReader attributes) =>
        attributes.TryFind(AttributeType.ProtocolState) ? attributes.ToByte() : (byte)0;

    private static ulong ReadStart(AttributeReader attributes) =>
        attributes.TryFind(AttributeType.TimestampStart) ? attributes.ToUInt64() : 0;
}

namespace KubeProxySharp.Conntrack.Wire;

/// <summary>Attribute types of linux/netfilter/nfnetlink_conntrack.h.</summary>
internal static class AttributeType
{
    public const ushort TupleOriginal = 1; // CTA_TUPLE_ORIG
    public const ushort TupleReply = 2; // CTA_TUPLE_REPLY
    public const ushort Status = 3; // CTA_STATUS
    public const ushort ProtocolInfo = 4; // CTA_PROTOINFO
    public const ushort Timeout = 7; // CTA_TIMEOUT
    public const ushort Mark = 8; // CTA_MARK
    public const ushort CountersOriginal = 9; // CTA_COUNTERS_ORIG
    public const ushort CountersReply = 10; // CTA_COUNTERS_REPLY
    public const ushort Id = 12; // CTA_ID
    public const ushort Zone = 18; // CTA_ZONE
    public const ushort Timestamp = 20; // CTA_TIMESTAMP
    public const ushort MarkMask = 21; // CTA_MARK_MASK
    public const ushort Filter = 25; // CTA_FILTER
    public const ushort StatusMask = 26; // CTA_STATUS_MASK

    public const ushort TupleAddresses = 1; // CTA_TUPLE_IP
    public const ushort TupleProtocol = 2; // CTA_TUPLE_PROTO
    public const ushort TupleZone = 3; // CTA_TUPLE_ZONE

    public const ushort SourceIPv4 = 1; // CTA_IP_V4_SRC
    public const ushort DestinationIPv4 = 2; // CTA_IP_V4_DST
    public const ushort SourceIPv6 = 3; // CTA_IP_V6_SRC
    public const ushort DestinationIPv6 = 4; // CTA_IP_V6_DST

    public const ushort ProtocolNumber = 1; // CTA_PROTO_NUM
    public const ushort SourcePort = 2; // CTA_PROTO_SRC_PORT
    public const ushort DestinationPort = 3; // CTA_PROTO_DST_PORT
    public const ushort IcmpId = 4; // CTA_PROTO_ICMP_ID
    public const ushort IcmpType = 5; // CTA_PROTO_ICMP_TYPE
    public const ushort IcmpCode = 6; // CTA_PROTO_ICMP_CODE
    public const ushort IcmpV6Id = 7; // CTA_PROTO_ICMPV6_ID
    public const ushort IcmpV6Type = 8; // CTA_PROTO_ICMPV6_TYPE
    public const ushort IcmpV6Code = 9; // CTA_PROTO_ICMPV6_CODE

    public const ushort ProtocolInfoTcp = 1; // CTA_PROTOINFO_TCP
    public const ushort ProtocolInfoSctp = 3; // CTA_PROTOINFO_SCTP
    public const ushort ProtocolState = 1; // CTA_PROTOINFO_TCP_STATE, CTA_PROTOINFO_SCTP_STATE

    public const ushort CounterPackets = 1; // CTA_COUNTERS_PACKETS
    public const ushort CounterBytes = 2; // CTA_COUNTERS_BYTES

    public const ushort TimestampStart = 1; // CTA_TIMESTAMP_START

    public const ushort FilterOriginalFlags = 1; // CTA_FILTER_ORIG_FLAGS

    public const ushort GlobalEntries = 1; // CTA_STATS_GLOBAL_ENTRIES
    public const ushort GlobalMaximum = 2; // CTA_STATS_GLOBAL_MAX_ENTRIES
}

/// <summary>Message types of ctnetlink: NFNL_SUBSYS_CTNETLINK in the high byte, <c>enum cntl_msg_types</c> in the low one.</summary>
internal static class MessageType
{
    public const ushort New = 0x100; // IPCTNL_MSG_CT_NEW
    public const ushort Get = 0x101; // IPCTNL_MSG_CT_GET
    public const ushort Delete = 0x102; // IPCTNL_MSG_CT_DELETE
    public const ushort GetStatisticsPerCpu = 0x104; // IPCTNL_MSG_CT_GET_STATS_CPU
    public const ushort GetStatistics = 0x105; // IPCTNL_MSG_CT_GET_STATS
}

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Numbers of <c>struct nlmsghdr</c>, <c>struct nfgenmsg</c> and <c>struct nlattr</c> (linux/netlink.h, linux/netfilter/nfnetlink.h).</summary>
public static class NetlinkHeader
{
    /// <summary>Bytes of nlmsghdr: length, type, flags, sequence number, port id.</summary>
    public const int Length = 16;

    /// <summary>Bytes of nfgenmsg: family, version, resource id.</summary>
    public const int GenericLength = 4;

    /// <summary>Bytes of nlattr: length, type.</summary>
    public const int AttributeLength = 4;

    /// <summary>NLMSG_ERROR; with errno 0 an acknowledgement.</summary>
    public const ushort Error = 2;

    /// <summary>NLMSG_DONE: the end of a listing.</summary>
    public const ushort Done = 3;

    /// <summary>NLMSG_OVERRUN: data was lost.</summary>
    public const ushort Overrun = 4;

    /// <summary>NFNL_MSG_BATCH_BEGIN: the messages up to the end of the batch take effect together or not at all.</summary>
    public const ushort BatchBegin = 0x10;

    /// <summary>NFNL_MSG_BATCH_END.</summary>
    public const ushort BatchEnd = 0x11;

    /// <summary>NLM_F_REQUEST.</summary>
    public const ushort Request = 0x01;

    /// <summary>NLM_F_ACK.</summary>
    public const ushort Acknowledge = 0x04;

    /// <summary>NLM_F_DUMP_INTR: the listed objects changed meanwhile.</summary>
    public const ushort DumpInterrupted = 0x10;

    /// <summary>NLM_F_CAPPED: an error repeats only the header of the request.</summary>
    public const ushort Capped = 0x100;

    /// <summary>NLM_F_EXCL: refused if the object exists.</summary>
    public const ushort Exclusive = 0x200;

    /// <summary>NLM_F_ACK_TLVS: an error has attributes.</summary>
    public const ushort Explained = 0x200;

    /// <summary>NLM_F_DUMP.</summary>
    public const ushort Dump = 0x300;

    /// <summary>NLM_F_CREATE.</summary>
    public const ushort Create = 0x400;

    /// <summary>NLM_F_APPEND: behind what is there.</summary>
    public const ushort Append = 0x800;

    /// <summary>AF_UNSPEC, NFPROTO_UNSPEC.</summary>
    public const byte FamilyUnspecified = 0;

    /// <summary>AF_INET, NFPROTO_IPV4.</summary>
    public const byte FamilyIPv4 = 2;

    /// <summary>AF_INET6, NFPROTO_IPV6.</summary>
    public const byte FamilyIPv6 = 10;

    /// <summary>Marks a nested attribute (NLA_F_NESTED).</summary>
    public const ushort Nested = 0x8000;

    /// <summary>The bits of an attribute's type field without the flags (NLA_TYPE_MASK).</summary>
    public const ushort TypeMask = 0x3FFF;

    /// <summary>Rounds a length up to netlink's alignment of four bytes (NLMSG_ALIGN, NLA_ALIGN).</summary>
    public static int Align(int length) => (length + 3) & ~3;
}

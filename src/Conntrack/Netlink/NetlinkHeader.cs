namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Numbers of <c>struct nlmsghdr</c> and <c>struct nfgenmsg</c> (linux/netlink.h, linux/netfilter/nfnetlink.h).</summary>
internal static class NetlinkHeader
{
    /// <summary>Bytes of nlmsghdr: length, type, flags, sequence number, port id.</summary>
    public const int Length = 16;

    /// <summary>Bytes of nfgenmsg: family, version, resource id.</summary>
    public const int GenericLength = 4;

    public const ushort Error = 2; // NLMSG_ERROR
    public const ushort Done = 3; // NLMSG_DONE
    public const ushort Overrun = 4; // NLMSG_OVERRUN

    public const ushort Request = 0x01; // NLM_F_REQUEST
    public const ushort Acknowledge = 0x04; // NLM_F_ACK
    public const ushort DumpInterrupted = 0x10; // NLM_F_DUMP_INTR
    public const ushort Dump = 0x300; // NLM_F_DUMP
    public const ushort Create = 0x400; // NLM_F_CREATE

    public const byte FamilyUnspecified = 0; // AF_UNSPEC
    public const byte FamilyIPv4 = 2; // AF_INET
    public const byte FamilyIPv6 = 10; // AF_INET6

    /// <summary>Netlink puts everything on multiples of four bytes (NLMSG_ALIGN, NLA_ALIGN).</summary>
    public static int Align(int length) => (length + 3) & ~3;
}

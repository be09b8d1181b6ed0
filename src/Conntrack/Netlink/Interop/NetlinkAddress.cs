using System.Runtime.InteropServices;

namespace KubeProxySharp.Conntrack.Netlink.Interop;

/// <summary><c>struct sockaddr_nl</c> of linux/netlink.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NetlinkAddress
{
    public const uint Size = 12;

    public ushort Family;
    public ushort Padding;

    /// <summary>The port id; 0 is the kernel.</summary>
    public uint PortId;

    /// <summary>The bits of the multicast groups 1 to 32.</summary>
    public uint Groups;
}

using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Bench;

/// <summary>
/// Lists the UDP flows of IPv4 and looks at nothing but whether the listing has ended: what the kernel takes for it, which
/// no reader can avoid.
/// </summary>
internal static class PlainListing
{
    private static readonly byte[] s_buffer = new byte[64 * 1024];

    /// <summary>Receives it.</summary>
    public static void Receive()
    {
        using NetlinkConnection kernel = new(NetlinkSocket.Open(), 0);
        MessageWriter request = kernel.Begin(MessageType.Get, NetlinkHeader.Dump, NetlinkHeader.FamilyIPv4);
        FilterWriter.Write(ref request, new() { Family = IpFamily.IPv4, Protocol = 17 });
        kernel.Send(request);
        ushort type;
        do
        {
            kernel.Socket.Receive(s_buffer, out _);
            type = BinaryPrimitives.ReadUInt16LittleEndian(s_buffer.AsSpan(4));
        }
        while (type is not (NetlinkHeader.Done or NetlinkHeader.Error));
    }
}

using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Interop;
using KubeProxySharp.Conntrack.Netlink;
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
        Span<byte> buffer = stackalloc byte[RequestWriter.MaxLength];
        RequestWriter request = new(buffer, MessageType.Get, NetlinkHeader.Dump, IpFamily.IPv4, 1);
        FilterWriter.Write(ref request, new() { Family = IpFamily.IPv4, Protocol = 17 });
        using NetlinkSocket socket = NetlinkSocket.Open();
        socket.Send(request.Finish());
        ushort type;
        do
        {
            socket.Receive(s_buffer, out _);
            type = BinaryPrimitives.ReadUInt16LittleEndian(s_buffer.AsSpan(4));
        }
        while (type is not (NetlinkHeader.Done or NetlinkHeader.Error));
    }
}

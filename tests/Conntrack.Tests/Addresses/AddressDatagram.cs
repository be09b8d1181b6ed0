using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Tests.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Tests.Addresses;

/// <summary>Messages about addresses, as the kernel makes them.</summary>
internal static class AddressDatagram
{
    public static byte[] Payload(string address, string? peer = null, uint device = 3, byte prefix = 24, byte? family = null)
    {
        IpAddress own = IpAddress.Parse(address);
        bool isIPv4 = own.IsIPv4;
        List<byte> bytes = [family ?? (byte)(isIPv4 ? 2 : 10), prefix, 0x80, 0];
        bytes.AddRange(BitConverter.GetBytes(device));

        // IPv4 always has both; IPv6 has IFA_LOCAL only where there is a peer (inet_fill_ifaddr, inet6_fill_ifaddr).
        Add(bytes, 1, IpAddress.Parse(peer ?? address));
        if (isIPv4 || peer is not null)
        {
            Add(bytes, 2, own);
        }

        bytes.AddRange([8, 0, 8, 0, 0x80, 0, 0, 0]); // IFA_FLAGS
        return [.. bytes];
    }

    public static byte[] New(string address, uint sequence = 0, ushort flags = 2, uint device = 3, string? peer = null) =>
        FakeKernel.Message(AddressMessage.New, sequence, Payload(address, peer, device), flags);

    public static byte[] Delete(string address, uint device = 3, string? peer = null) =>
        FakeKernel.Message(AddressMessage.Delete, 0, Payload(address, peer, device));

    private static void Add(List<byte> bytes, ushort type, IpAddress address)
    {
        Span<byte> value = stackalloc byte[16];
        int length = address.WriteBytes(value);
        Span<byte> header = stackalloc byte[4];
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(4 + length));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], type);
        bytes.AddRange(header);
        bytes.AddRange(value[..NetlinkHeader.Align(length)]);
    }
}

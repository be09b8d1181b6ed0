using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>Messages about addresses on interfaces (<c>struct ifaddrmsg</c> of linux/if_addr.h, rtnetlink(7)).</summary>
internal static class AddressMessage
{
    public const ushort New = 20; // RTM_NEWADDR
    public const ushort Delete = 21; // RTM_DELADDR
    public const ushort Get = 22; // RTM_GETADDR

    /// <summary>The bits of RTNLGRP_IPV4_IFADDR (5) and RTNLGRP_IPV6_IFADDR (9).</summary>
    public const uint Groups = (1u << (5 - 1)) | (1u << (9 - 1));

    /// <summary>Bytes of ifaddrmsg: family, prefix length, flags, scope, interface number.</summary>
    public const int HeaderLength = 8;

    private const ushort Address = 1; // IFA_ADDRESS
    private const ushort Local = 2; // IFA_LOCAL

    /// <summary>Parses an RTM_NEWADDR or RTM_DELADDR message. Any bytes may be given.</summary>
    /// <param name="payload">The message after its netlink header.</param>
    /// <param name="entry">The address.</param>
    /// <returns>Whether it is an IPv4 or IPv6 address; rules cannot name the addresses of other families.</returns>
    /// <exception cref="NetlinkException">The message cannot be read.</exception>
    public static bool TryRead(ReadOnlySpan<byte> payload, out AddressEntry entry)
    {
        entry = default;
        if (payload.Length < HeaderLength)
        {
            throw AttributeReader.Malformed("a message about an address is cut off");
        }

        int length = payload[0] switch
        {
            NetlinkHeader.FamilyIPv4 => 4,
            NetlinkHeader.FamilyIPv6 => 16,
            _ => 0,
        };
        if (length == 0)
        {
            return false;
        }

        bool hasAddress = false;
        bool hasLocal = false;
        AttributeReader attributes = new(payload[HeaderLength..]);
        while (attributes.Read())
        {
            if (attributes.Type == Address)
            {
                hasAddress = true;
                entry = entry with { Peer = attributes.ToAddress(length) };
            }
            else if (attributes.Type == Local)
            {
                hasLocal = true;
                entry = entry with { Address = attributes.ToAddress(length) };
            }
        }

        if (!hasAddress && !hasLocal)
        {
            throw AttributeReader.Malformed("a message about an address has none");
        }

        entry = new(
            BinaryPrimitives.ReadUInt32LittleEndian(payload[4..]),
            hasLocal ? entry.Address : entry.Peer,
            hasAddress ? entry.Peer : entry.Address,
            payload[1]);
        return true;
    }
}

/// <summary>
/// An address of an interface, with all fields that make it distinct for the kernel: the same address may be on several
/// interfaces, and on one interface with several prefixes or peers.
/// </summary>
/// <param name="Interface">Number of the interface.</param>
/// <param name="Address">The node's own address (IFA_LOCAL, or IFA_ADDRESS where there is no other).</param>
/// <param name="Peer">The address at the other end of a point-to-point interface; else the own one.</param>
/// <param name="PrefixLength">Bits of the prefix.</param>
internal readonly record struct AddressEntry(uint Interface, IpAddress Address, IpAddress Peer, byte PrefixLength);

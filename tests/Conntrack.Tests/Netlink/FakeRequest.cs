using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Conntrack.Tests.Netlink;

/// <summary>What a table asked.</summary>
internal sealed record FakeRequest(byte[] Bytes)
{
    public ushort Type => BitConverter.ToUInt16(Bytes, 4);

    public bool IsDump => (BitConverter.ToUInt16(Bytes, 6) & NetlinkHeader.Dump) == NetlinkHeader.Dump;

    public uint Sequence => BitConverter.ToUInt32(Bytes, 8);

    /// <summary>Whether there is an attribute at the top.</summary>
    public bool Has(ushort attribute)
    {
        AttributeReader attributes = new(Bytes.AsSpan(NetlinkHeader.Length + NetlinkHeader.GenericLength));
        while (attributes.Read())
        {
            if (attributes.Type == attribute)
            {
                return true;
            }
        }

        return false;
    }
}

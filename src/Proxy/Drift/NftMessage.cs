using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace KubeProxySharp.Proxy.Drift;

/// <summary>One message of the nftables subsystem (linux/netfilter/nf_tables.h).</summary>
/// <param name="type">nlmsg_type.</param>
/// <param name="port">nlmsg_pid: the netlink port of who committed.</param>
/// <param name="family">nfgen_family: 2 for IPv4, 10 for IPv6.</param>
/// <param name="payload">The attributes.</param>
internal readonly ref struct NftMessage(ushort type, int port, byte family, ReadOnlySpan<byte> payload)
{
    private const int Subsystem = 10; // NFNL_SUBSYS_NFTABLES
    private const int NewGeneration = 15; // NFT_MSG_NEWGEN
    private const int SetElementAdded = 12; // NFT_MSG_NEWSETELEM
    private const int SetElementDeleted = 14; // NFT_MSG_DELSETELEM
    private const int AttributeLength = 4; // struct nlattr
    private const int TypeMask = 0x3fff; // NLA_TYPE_MASK
    private const int TableAttribute = 1; // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, ...

    /// <summary>The family.</summary>
    public byte Family => family;

    /// <summary>The attributes.</summary>
    public ReadOnlySpan<byte> Payload { get; } = payload;

    /// <summary>Whether it tells of a commit; what the commit changed came before it.</summary>
    public bool IsGeneration => type == ((Subsystem << 8) | NewGeneration);

    /// <summary>Whether it tells of something changed; else it is an error or another subsystem's.</summary>
    public bool IsChange => type >> 8 == Subsystem && !IsGeneration;

    /// <summary>Whether something was removed.</summary>
    public bool IsRemoval => (type & 0xff) is 2 or 5 or 8 or 11 or SetElementDeleted or 20 or 24;

    /// <summary>Whether it tells of elements of a set or map.</summary>
    public bool IsElement => (type & 0xff) is SetElementAdded or SetElementDeleted;

    /// <summary>The name of the table, without the terminating zero.</summary>
    public ReadOnlySpan<byte> Table => Text(TableAttribute);

    /// <summary>The name of the chain, set, map or object, or of that of a rule or element.</summary>
    public ReadOnlySpan<byte> Name => Text((type & 0xff) is 3 or 5 ? 3 : 2); // NFTA_CHAIN_NAME is 3, NFTA_RULE_CHAIN, NFTA_SET_NAME, ... are 2

    /// <summary>What kind of thing changed, in nft's words.</summary>
    public string Kind => (type & 0xff) switch
    {
        0 or 2 => "table",
        3 or 5 => "chain",
        6 or 8 => "a rule of chain",
        9 or 11 => "set or map",
        SetElementAdded or SetElementDeleted => "an element of",
        _ => "object",
    };

    /// <summary>How many elements of a set or map it tells of.</summary>
    public int CountElements()
    {
        int count = 0;
        for (ReadOnlySpan<byte> rest = Attribute(3); rest.Length >= AttributeLength; count++) // NFTA_SET_ELEM_LIST_ELEMENTS
        {
            rest = rest[Math.Clamp((MemoryMarshal.Read<ushort>(rest) + 3) & ~3, AttributeLength, rest.Length)..];
        }

        return count;
    }

    /// <summary>Reads a commit.</summary>
    public Generation ReadGeneration()
    {
        ReadOnlySpan<byte> number = Attribute(1); // NFTA_GEN_ID
        ReadOnlySpan<byte> process = Attribute(2); // NFTA_GEN_PROC_PID
        return new(
            number.Length == sizeof(uint) ? BinaryPrimitives.ReadUInt32BigEndian(number) : 0,
            process.Length == sizeof(int) ? BinaryPrimitives.ReadInt32BigEndian(process) : 0,
            Encoding.UTF8.GetString(Text(3)), // NFTA_GEN_PROC_NAME
            port);
    }

    private ReadOnlySpan<byte> Text(int wanted)
    {
        ReadOnlySpan<byte> value = Attribute(wanted);
        int end = value.IndexOf((byte)0);
        return end < 0 ? value : value[..end];
    }

    private ReadOnlySpan<byte> Attribute(int wanted)
    {
        ReadOnlySpan<byte> rest = Payload;
        while (rest.Length >= AttributeLength)
        {
            ushort length = MemoryMarshal.Read<ushort>(rest);
            if (length < AttributeLength || length > rest.Length)
            {
                break;
            }

            if ((MemoryMarshal.Read<ushort>(rest[2..]) & TypeMask) == wanted)
            {
                return rest[AttributeLength..length];
            }

            rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        }

        return [];
    }
}

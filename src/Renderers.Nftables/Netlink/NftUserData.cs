using System.Buffers.Binary;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>
/// What nft keeps with an object so that it can list it: comments, and of sets how keys and values were declared. The kernel
/// does not look at it. Triples of type, length and value (libnftnl's udata.h); types are those of nft 1.0.6.
/// </summary>
internal ref struct NftUserData(Span<byte> buffer)
{
    /// <summary>NFT_USERDATA_MAXLEN of linux/netfilter/nf_tables.h.</summary>
    public const int MaxLength = 256;

    // enum nftnl_udata_set_types of libnftnl/udata.h
    private const byte SetKeyByteOrder = 0;
    private const byte SetDataByteOrder = 1;
    private const byte SetMergeElements = 2;
    private const byte SetKeyTypeof = 3;
    private const byte SetDataTypeof = 4;
    private const byte SetDataInterval = 6;
    private const byte SetComment = 7;

    /// <summary>NFTNL_UDATA_TABLE_COMMENT, _CHAIN_COMMENT, _RULE_COMMENT and _SET_ELEM_COMMENT.</summary>
    private const byte ObjectComment = 0;

    /// <summary>NFTNL_UDATA_SET_ELEM_FLAGS.</summary>
    private const byte ElementFlags = 1;

    /// <summary>NFTNL_SET_ELEM_F_INTERVAL_OPEN.</summary>
    private const uint IntervalIsOpen = 1;

    // NFTNL_UDATA_SET_TYPEOF_EXPR and NFTNL_UDATA_SET_TYPEOF_DATA of libnftnl/udata.h
    private const byte TypeofExpression = 0;
    private const byte TypeofData = 1;

    // enum expr_types of nft's include/expression.h
    private const uint VerdictExpression = 1;
    private const uint PayloadExpression = 7;
    private const uint MetaExpression = 9;
    private const uint ConcatExpression = 13;
    private const uint NumgenExpression = 23;

    // enum proto_desc_id of nft's include/proto.h
    private const uint UdpHeader = 6;
    private const uint TcpHeader = 8;
    private const uint SctpHeader = 10;
    private const uint TransportHeader = 11;
    private const uint IPv4Header = 12;
    private const uint IPv6Header = 13;

    /// <summary>BYTEORDER_BIG_ENDIAN of nft's include/datatype.h; a concatenation has none.</summary>
    private const uint BigEndian = 2;

    private readonly Span<byte> _buffer = buffer;
    private int _length;

    public readonly ReadOnlySpan<byte> Written => _buffer[.._length];

    /// <summary>A comment on a table, chain, rule or element.</summary>
    public void AddComment(scoped ReadOnlySpan<byte> comment) => AddText(ObjectComment, comment);

    /// <summary>Says of an element that the interval that it begins has no end.</summary>
    public void AddOpenInterval() => Add(ElementFlags, IntervalIsOpen);

    /// <summary>The declaration of a set or map.</summary>
    public void AddSet(IpFamily family, scoped SetDeclaration set)
    {
        Add(SetKeyByteOrder, ByteOrderOf(set.Key));
        if (set.Data != ElementData.None)
        {
            Add(SetDataByteOrder, 0);
        }

        int key = Open(SetKeyTypeof);
        AddKey(family, set.Key);
        Close(key);
        if (set.Data != ElementData.None)
        {
            int data = Open(SetDataTypeof);
            AddData(family, set);
            Close(data);
            Add(SetDataInterval, 0);
        }

        if (!set.Comment.IsEmpty)
        {
            AddText(SetComment, set.Comment);
        }
    }

    /// <summary>The declaration of an anonymous set of prefixes, whose overlaps were merged.</summary>
    public void AddPrefixSet(IpFamily family, KeyFields field)
    {
        Add(SetKeyByteOrder, ByteOrderOf(field));
        Add(SetMergeElements, 1);
        int key = Open(SetKeyTypeof);
        AddKey(family, field);
        Close(key);
    }

    private static uint ByteOrderOf(KeyFields key) => key is KeyFields.SourceAddress or KeyFields.DestinationAddress ? BigEndian : 0;

    private void AddData(IpFamily family, scoped SetDeclaration set)
    {
        if (set.Data == ElementData.Verdict)
        {
            Add(TypeofExpression, VerdictExpression);
            Close(Open(TypeofData));
            return;
        }

        int concat = OpenExpression(ConcatExpression);
        int address = Open(0);
        AddField(family, KeyFields.DestinationAddress);
        Close(address);
        int port = Open(1);
        AddPayload(
            set.Protocol switch
            {
                TransportProtocol.Tcp => TcpHeader,
                TransportProtocol.Udp => UdpHeader,
                _ => SctpHeader,
            },
            DestinationPortField);
        Close(port);
        Close(concat);
    }

    /// <summary>One field, or the concatenation of several, each with its number as type.</summary>
    private void AddKey(IpFamily family, KeyFields key)
    {
        if (byte.IsPow2((byte)key))
        {
            AddField(family, key);
            return;
        }

        int concat = OpenExpression(ConcatExpression);
        byte number = 0;
        for (KeyFields field = KeyFields.SourceAddress; field <= KeyFields.Slot; field = (KeyFields)((int)field << 1))
        {
            if ((key & field) != 0)
            {
                int part = Open(number++);
                AddField(family, field);
                Close(part);
            }
        }

        Close(concat);
    }

    // Fields by their place in the templates of nft's src/proto.c: proto_ip, proto_ip6, proto_th, proto_tcp, proto_udp, proto_sctp.
    private const uint DestinationPortField = 2; // THDR_DPORT, TCPHDR_DPORT, UDPHDR_DPORT, SCTPHDR_DPORT

    private void AddField(IpFamily family, KeyFields field)
    {
        bool isIPv4 = family == IpFamily.IPv4;
        switch (field)
        {
            case KeyFields.SourceAddress:
                AddPayload(isIPv4 ? IPv4Header : IPv6Header, isIPv4 ? 11u : 8u); // IPHDR_SADDR, IP6HDR_SADDR
                break;
            case KeyFields.DestinationAddress:
                AddPayload(isIPv4 ? IPv4Header : IPv6Header, isIPv4 ? 12u : 9u); // IPHDR_DADDR, IP6HDR_DADDR
                break;
            case KeyFields.Protocol:
                int meta = OpenExpression(MetaExpression);
                Add(0, NftNumbers.MetaKey.Layer4Protocol); // NFTNL_UDATA_META_KEY of nft's src/meta.c
                Close(meta);
                break;
            case KeyFields.DestinationPort:
                AddPayload(TransportHeader, DestinationPortField);
                break;
            default:
                int numgen = OpenExpression(NumgenExpression);
                Add(0, NftNumbers.NumgenRandom); // NFTNL_UDATA_NUMGEN_TYPE of nft's src/numgen.c
                Add(1, 2); // NFTNL_UDATA_NUMGEN_MOD: any number says that it is a number
                Add(2, 0); // NFTNL_UDATA_NUMGEN_OFFSET
                Close(numgen);
                break;
        }
    }

    private void AddPayload(uint header, uint field)
    {
        int payload = OpenExpression(PayloadExpression);
        Add(0, header); // NFTNL_UDATA_SET_KEY_PAYLOAD_DESC of nft's src/payload.c
        Add(1, field); // NFTNL_UDATA_SET_KEY_PAYLOAD_TYPE
        Close(payload);
    }

    private int OpenExpression(uint type)
    {
        Add(TypeofExpression, type);
        return Open(TypeofData);
    }

    /// <summary>A number in the byte order of this machine.</summary>
    private void Add(byte type, uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(Take(type, sizeof(uint)), value);
    }

    private void AddText(byte type, scoped ReadOnlySpan<byte> text)
    {
        Span<byte> value = Take(type, text.Length + 1);
        text.CopyTo(value);
        value[text.Length] = 0;
    }

    private Span<byte> Take(byte type, int length)
    {
        _buffer[_length] = type;
        _buffer[_length + 1] = checked((byte)length);
        _length += 2 + length;
        return _buffer[(_length - length).._length];
    }

    private int Open(byte type)
    {
        _buffer[_length] = type;
        _length += 2;
        return _length;
    }

    private readonly void Close(int start) => _buffer[start - 1] = checked((byte)(_length - start));
}

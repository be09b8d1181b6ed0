using System.Buffers.Binary;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.Renderers.Nftables.Netlink.NftNumbers;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <content>Rules: each match and statement is one or a few expressions, which pass values on in registers.</content>
internal ref partial struct NftBatchEncoder
{
    // Bits of conntrack's state and status, as ct gives them: NF_CT_STATE_BIT(IP_CT_NEW) and IPS_DST_NAT of linux/netfilter/nf_conntrack_common.h.
    private const uint StateNew = 1 << 3;
    private const uint StatusTranslated = 1 << 5;

    /// <summary>RTN_LOCAL of linux/rtnetlink.h.</summary>
    private const uint LocalAddress = 2;

    // ICMP_PORT_UNREACH of linux/icmp.h and ICMPV6_PORT_UNREACH of linux/icmpv6.h.
    private const byte PortUnreachable = 3;
    private const byte PortUnreachableIPv6 = 4;

    /// <summary>IFNAMSIZ of linux/if.h.</summary>
    private const int InterfaceNameLength = 16;

    public void BeginRule(scoped ObjectName chain)
    {
        _rule = new(ref _batch.Rule);
        Begin(ref _rule, Message.NewRule, NetlinkHeader.Create | NetlinkHeader.Append);
        _rule.AddText(RuleAttribute.Table, TableName);
        Name(ref _rule, RuleAttribute.Chain, chain);
        _expressions = _rule.Open(RuleAttribute.Expressions);
    }

    public void EndRule(scoped ReadOnlySpan<byte> comment)
    {
        _rule.Close(_expressions);
        Comment(ref _rule, RuleAttribute.UserData, comment);
        _rule.End();
        if (_isInTable)
        {
            _waitingRules.Append(_rule.Written);
        }
        else
        {
            _messages.Append(_rule.Written);
        }
    }

    public void MatchNewConnection() => MatchConnection(CtKey.State, StateNew);

    public void MatchTranslatedConnection() => MatchConnection(CtKey.Status, StatusTranslated);

    public void MatchProtocol(TransportProtocol protocol)
    {
        LoadMeta(MetaKey.Layer4Protocol, Register.First);
        Compare(CmpOperation.Equal, [(byte)protocol]);
    }

    public void MatchAddress(KeyFields field, IpPrefix prefix, bool isNegated)
    {
        // Of a prefix of whole bytes only these are loaded.
        bool isWhole = prefix.Length % 8 == 0 && prefix.Length != 0;
        int length = isWhole ? prefix.Length / 8 : _addressLength;
        LoadAddress(field, Register.First, length);
        Span<byte> address = stackalloc byte[16];
        prefix.Address.WriteBytes(address);
        if (!isWhole)
        {
            Span<byte> mask = stackalloc byte[16];
            BinaryPrimitives.WriteUInt128BigEndian(mask, prefix.Length == 0 ? 0 : UInt128.MaxValue << (128 - prefix.Length));
            Mask(mask[..length]);
        }

        Compare(isNegated ? CmpOperation.NotEqual : CmpOperation.Equal, address[..length]);
    }

    public void MatchAddress(KeyFields field, EquatableArray<IpPrefix> prefixes)
    {
        if (prefixes.Length == 1)
        {
            MatchAddress(field, prefixes[0], isNegated: false);
            return;
        }

        uint set = ++_setId;
        if (_isInTable)
        {
            PrefixSet(ref _waitingRules, set, field, prefixes);
        }
        else
        {
            PrefixSet(ref _messages, set, field, prefixes);
        }

        LoadAddress(field, Register.First, _addressLength);
        BeginExpression("lookup"u8);
        _rule.Add(LookupAttribute.SourceRegister, Register.First);
        _rule.AddText(LookupAttribute.Set, AnonymousSet);
        _rule.Add(LookupAttribute.SetId, set);
        EndExpression();
    }

    public void MatchInterface(string name, bool isPrefix, bool isNegated)
    {
        Span<byte> text = stackalloc byte[InterfaceNameLength];
        int length = Encoding.UTF8.GetBytes(name, text);
        LoadMeta(MetaKey.InputInterfaceName, Register.First);
        Compare(isNegated ? CmpOperation.NotEqual : CmpOperation.Equal, isPrefix ? text[..length] : text);
    }

    public void MatchLocal(KeyFields field)
    {
        BeginExpression("fib"u8);
        _rule.Add(FibAttribute.Flags, field == KeyFields.SourceAddress ? FibSource : FibDestination);
        _rule.Add(FibAttribute.Result, FibAddressType);
        _rule.Add(FibAttribute.DestinationRegister, Register.First);
        EndExpression();
        Compare(CmpOperation.Equal, LocalAddress);
    }

    public void MatchMark(uint mark)
    {
        LoadMeta(MetaKey.Mark, Register.First);
        Bitwise(mark, 0);
        Compare(CmpOperation.NotEqual, 0);
    }

    public void MatchOneOf(int count)
    {
        LoadSlot(count, Register.First);
        Compare(CmpOperation.Equal, 0);
    }

    public void MatchSet(KeyFields key, scoped ObjectName set)
    {
        LoadKey(key, slots: 0);
        BeginExpression("lookup"u8);
        _rule.Add(LookupAttribute.SourceRegister, Register.First);
        Name(ref _rule, LookupAttribute.Set, set);
        EndExpression();
    }

    public void SetMark(uint mark) => ChangeMark(~mark, mark);

    public void ToggleMark(uint mark) => ChangeMark(uint.MaxValue, mark);

    public void UpdateSet(scoped ObjectName set, KeyFields key)
    {
        LoadKey(key, slots: 0);
        BeginExpression("dynset"u8);
        _rule.Add(DynsetAttribute.KeyRegister, Register.First);
        _rule.Add(DynsetAttribute.Operation, DynsetUpdate);
        Name(ref _rule, DynsetAttribute.Set, set);
        EndExpression();
    }

    public void VerdictByMap(KeyFields key, scoped ObjectName map)
    {
        LoadKey(key, slots: 0);
        LookUp(map, Register.Verdict);
    }

    public void TranslateByMap(KeyFields key, int slots, scoped ObjectName map)
    {
        LoadKey(key, slots);
        LookUp(map, Register.First);
        BeginTranslation(RegisterAt(_addressLength / sizeof(uint)));
        EndExpression();
    }

    public void Translate(EndpointAddress endpoint)
    {
        Span<byte> address = stackalloc byte[16];
        Immediate(Register.First, address[..endpoint.Address.WriteBytes(address)]);
        Span<byte> port = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16BigEndian(port, endpoint.Port);
        Immediate(Register.First + 1, port);
        BeginTranslation(Register.First + 1);
        _rule.Add(NatAttribute.Flags, NatPortIsGiven);
        EndExpression();
    }

    public void Masquerade()
    {
        BeginExpression("masq"u8);
        _rule.Add(MasqueradeFlags, NatFullyRandom);
        EndExpression();
    }

    public void Reject()
    {
        BeginExpression("reject"u8);
        _rule.Add(RejectAttribute.Type, RejectUnreachable);
        _rule.Add(RejectAttribute.IcmpCode, _family == IpFamily.IPv4 ? PortUnreachable : PortUnreachableIPv6);
        EndExpression();
    }

    public void Drop() => FinalVerdict(VerdictCode.Drop);

    public void Return() => FinalVerdict(VerdictCode.Return);

    public void Jump(scoped ObjectName chain) => FinalVerdict(VerdictCode.Jump, chain);

    public void Goto(scoped ObjectName chain) => FinalVerdict(VerdictCode.Goto, chain);

    private void BeginExpression(scoped ReadOnlySpan<byte> name)
    {
        _expression = _rule.Open(ListElement);
        _rule.AddText(ExpressionAttribute.Name, name);
        _expressionData = _rule.Open(ExpressionAttribute.Data);
    }

    private readonly void EndExpression()
    {
        _rule.Close(_expressionData);
        _rule.Close(_expression);
    }

    /// <summary>The register that begins so many times four bytes after the first; nft names those of 16 bytes by their old numbers.</summary>
    private static uint RegisterAt(int words) => words % 4 == 0 ? Register.First + (uint)(words / 4) : Register.FirstShort + (uint)words;

    /// <summary>Loads the fields of a key into registers that follow each other.</summary>
    private void LoadKey(KeyFields key, int slots)
    {
        int words = 0;
        for (KeyFields field = KeyFields.SourceAddress; field <= KeyFields.Slot; field = (KeyFields)((int)field << 1))
        {
            if ((key & field) == 0)
            {
                continue;
            }

            uint register = RegisterAt(words++);
            switch (field)
            {
                case KeyFields.SourceAddress or KeyFields.DestinationAddress:
                    LoadAddress(field, register, _addressLength);
                    words += (_addressLength / sizeof(uint)) - 1;
                    break;
                case KeyFields.Protocol:
                    LoadMeta(MetaKey.Layer4Protocol, register);
                    break;
                case KeyFields.DestinationPort:
                    LoadPayload(register, PayloadBase.Transport, offset: 2, sizeof(ushort)); // of TCP, UDP and SCTP alike
                    break;
                default:
                    LoadSlot(slots, register);
                    break;
            }
        }
    }

    /// <summary>Loads the beginning of an address: RFC 791 has them at 12 and 16, RFC 8200 at 8 and 24.</summary>
    private void LoadAddress(KeyFields field, uint register, int length)
    {
        int source = _family == IpFamily.IPv4 ? 12 : 8;
        LoadPayload(register, PayloadBase.Network, (uint)(field == KeyFields.SourceAddress ? source : source + _addressLength), length);
    }

    private void LoadPayload(uint register, uint header, uint offset, int length)
    {
        BeginExpression("payload"u8);
        _rule.Add(PayloadAttribute.DestinationRegister, register);
        _rule.Add(PayloadAttribute.Base, header);
        _rule.Add(PayloadAttribute.Offset, offset);
        _rule.Add(PayloadAttribute.Length, (uint)length);
        EndExpression();
    }

    private void LoadMeta(uint key, uint register)
    {
        BeginExpression("meta"u8);
        _rule.Add(MetaAttribute.Key, key);
        _rule.Add(MetaAttribute.DestinationRegister, register);
        EndExpression();
    }

    private void LoadSlot(int slots, uint register)
    {
        BeginExpression("numgen"u8);
        _rule.Add(NumgenAttribute.DestinationRegister, register);
        _rule.Add(NumgenAttribute.Modulus, (uint)slots);
        _rule.Add(NumgenAttribute.Type, NumgenRandom);
        _rule.Add(NumgenAttribute.Offset, 0u);
        EndExpression();
    }

    private void MatchConnection(uint key, uint bit)
    {
        BeginExpression("ct"u8);
        _rule.Add(CtAttribute.Key, key);
        _rule.Add(CtAttribute.DestinationRegister, Register.First);
        EndExpression();
        Bitwise(bit, 0);
        Compare(CmpOperation.NotEqual, 0);
    }

    private void ChangeMark(uint mask, uint xor)
    {
        LoadMeta(MetaKey.Mark, Register.First);
        Bitwise(mask, xor);
        BeginExpression("meta"u8);
        _rule.Add(MetaAttribute.Key, MetaKey.Mark);
        _rule.Add(MetaAttribute.SourceRegister, Register.First);
        EndExpression();
    }

    private void Mask(scoped ReadOnlySpan<byte> mask)
    {
        Span<byte> zeros = stackalloc byte[16];
        Bitwise(mask, zeros[..mask.Length]);
    }

    /// <summary>Numbers in the byte order of this machine, as marks and conntrack's bits are.</summary>
    private void Bitwise(uint mask, uint xor)
    {
        Span<byte> bytes = stackalloc byte[2 * sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, mask);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[sizeof(uint)..], xor);
        Bitwise(bytes[..sizeof(uint)], bytes[sizeof(uint)..]);
    }

    private void Bitwise(scoped ReadOnlySpan<byte> mask, scoped ReadOnlySpan<byte> xor)
    {
        BeginExpression("bitwise"u8);
        _rule.Add(BitwiseAttribute.SourceRegister, Register.First);
        _rule.Add(BitwiseAttribute.DestinationRegister, Register.First);
        _rule.Add(BitwiseAttribute.Length, (uint)mask.Length);
        Data(BitwiseAttribute.Mask, mask);
        Data(BitwiseAttribute.Xor, xor);
        EndExpression();
    }

    private void Compare(uint operation, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        Compare(operation, bytes);
    }

    private void Compare(uint operation, scoped ReadOnlySpan<byte> value)
    {
        BeginExpression("cmp"u8);
        _rule.Add(CmpAttribute.SourceRegister, Register.First);
        _rule.Add(CmpAttribute.Operation, operation);
        Data(CmpAttribute.Data, value);
        EndExpression();
    }

    private void LookUp(scoped ObjectName map, uint destination)
    {
        BeginExpression("lookup"u8);
        _rule.Add(LookupAttribute.SourceRegister, Register.First);
        _rule.Add(LookupAttribute.DestinationRegister, destination);
        Name(ref _rule, LookupAttribute.Set, map);
        EndExpression();
    }

    private void BeginTranslation(uint portRegister)
    {
        BeginExpression("nat"u8);
        _rule.Add(NatAttribute.Type, NatDestination);
        _rule.Add(NatAttribute.Family, (uint)_netlinkFamily);
        _rule.Add(NatAttribute.AddressRegister, Register.First);
        _rule.Add(NatAttribute.PortRegister, portRegister);
    }

    private void Immediate(uint register, scoped ReadOnlySpan<byte> value)
    {
        BeginExpression("immediate"u8);
        _rule.Add(ImmediateAttribute.DestinationRegister, register);
        Data(ImmediateAttribute.Data, value);
        EndExpression();
    }

    private void FinalVerdict(int code)
    {
        int data = BeginVerdict();
        Verdict(ref _rule, code);
        _rule.Close(data);
        EndExpression();
    }

    private void FinalVerdict(int code, scoped ObjectName chain)
    {
        int data = BeginVerdict();
        Verdict(ref _rule, code, chain);
        _rule.Close(data);
        EndExpression();
    }

    private int BeginVerdict()
    {
        BeginExpression("immediate"u8);
        _rule.Add(ImmediateAttribute.DestinationRegister, Register.Verdict);
        return _rule.Open(ImmediateAttribute.Data);
    }

    private void Data(ushort type, scoped ReadOnlySpan<byte> value)
    {
        int data = _rule.Open(type);
        _rule.Add(DataAttribute.Value, value);
        _rule.Close(data);
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <content>Rules: the words of each match and statement.</content>
internal ref partial struct NftTextEncoder
{
    public void BeginRule(scoped ObjectName chain)
    {
        _isFirstTerm = _layout != Layout.Line && _layout != Layout.Commands;
        if (_layout == Layout.Commands)
        {
            Command("add rule "u8, chain);
        }
    }

    public void EndRule(scoped ReadOnlySpan<byte> comment)
    {
        Quoted(" comment "u8, comment);
        _text.WriteAscii(_layout == Layout.Line ? (byte)';' : (byte)'\n');
    }

    public void MatchNewConnection() => Term("ct state new"u8);

    public void MatchTranslatedConnection() => Term("ct status dnat"u8);

    public void MatchProtocol(TransportProtocol protocol)
    {
        Term("meta l4proto "u8);
        _text.Write(protocol.ToLowerText());
    }

    public void MatchAddress(KeyFields field, IpPrefix prefix, bool isNegated)
    {
        Key(field);
        _text.Write(isNegated ? " != "u8 : " "u8);
        Prefix(prefix);
    }

    public void MatchAddress(KeyFields field, EquatableArray<IpPrefix> prefixes)
    {
        Key(field);
        _text.Write(" { "u8);
        for (int index = 0; index < prefixes.Length; index++)
        {
            _text.Write(index == 0 ? default : ", "u8);
            Prefix(prefixes[index]);
        }

        _text.Write(" }"u8);
    }

    public void MatchInterface(string name, bool isPrefix, bool isNegated)
    {
        Term(isNegated ? "iifname != \""u8 : "iifname \""u8);
        _text.Write(name);
        _text.Write(isPrefix ? "*\""u8 : "\""u8);
    }

    public void MatchLocal(KeyFields field) => Term(field == KeyFields.SourceAddress ? "fib saddr type local"u8 : "fib daddr type local"u8);

    public void MatchMark(uint mark)
    {
        Term("meta mark & "u8);
        Mark(mark);
        _text.Write(" != 0"u8);
    }

    public void MatchOneOf(int count)
    {
        Term("numgen random mod "u8);
        _text.Write((long)count);
        _text.Write(" 0"u8);
    }

    public void MatchSet(KeyFields key, scoped ObjectName set)
    {
        Key(key);
        _text.Write(" @"u8);
        Name(set);
    }

    public void SetMark(uint mark)
    {
        Term("meta mark set meta mark | "u8);
        Mark(mark);
    }

    public void ToggleMark(uint mark)
    {
        Term("meta mark set meta mark ^ "u8);
        Mark(mark);
    }

    public void UpdateSet(scoped ObjectName set, KeyFields key)
    {
        Term("update @"u8);
        Name(set);
        _text.Write(" {"u8);
        Key(key);
        _text.Write(" }"u8);
    }

    public void VerdictByMap(KeyFields key, scoped ObjectName map)
    {
        Key(key);
        _text.Write(" vmap @"u8);
        Name(map);
    }

    public void TranslateByMap(KeyFields key, int slots, scoped ObjectName map)
    {
        Term("dnat "u8);
        _text.Write(Family);
        _text.Write(" to"u8);
        Key(key, slots);
        _text.Write(" map @"u8);
        Name(map);
    }

    public void Translate(EndpointAddress endpoint)
    {
        Term("dnat to "u8);
        _text.Write(endpoint);
    }

    public void Masquerade() => Term("masquerade fully-random"u8);

    public void Reject() => Term("reject"u8);

    public void Drop() => Term("drop"u8);

    public void Return() => Term("return"u8);

    public void Jump(scoped ObjectName chain)
    {
        Term("jump "u8);
        Name(chain);
    }

    public void Goto(scoped ObjectName chain)
    {
        Term("goto "u8);
        Name(chain);
    }

    /// <summary>Begins a match or statement.</summary>
    private void Term(scoped ReadOnlySpan<byte> text)
    {
        _text.Write(_isFirstTerm ? default : " "u8);
        _text.Write(text);
        _isFirstTerm = false;
    }

    /// <summary><c>ip daddr . th dport</c>.</summary>
    private void Key(KeyFields key, int slots = 0)
    {
        ReadOnlySpan<byte> separator = default;
        Term(default);
        for (KeyFields field = KeyFields.SourceAddress; field <= KeyFields.Slot; field = (KeyFields)((int)field << 1))
        {
            if ((key & field) == 0)
            {
                continue;
            }

            _text.Write(separator);
            separator = " . "u8;
            switch (field)
            {
                case KeyFields.SourceAddress:
                    Payload(" saddr"u8);
                    break;
                case KeyFields.DestinationAddress:
                    Payload(" daddr"u8);
                    break;
                case KeyFields.Protocol:
                    _text.Write("meta l4proto"u8);
                    break;
                case KeyFields.DestinationPort:
                    _text.Write("th dport"u8);
                    break;
                default:
                    _text.Write("numgen random mod "u8);
                    _text.Write((long)slots);
                    break;
            }
        }
    }

    private void Payload(scoped ReadOnlySpan<byte> field)
    {
        _text.Write(Family);
        _text.Write(field);
    }

    private void Prefix(IpPrefix prefix)
    {
        _text.Write(prefix.Address);
        if (!prefix.IsSingleAddress)
        {
            _text.WriteAscii((byte)'/');
            _text.Write((long)prefix.Length);
        }
    }

    private void Mark(uint mark) => _text.WriteHex(mark, 8);
}

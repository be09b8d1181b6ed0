using System.Buffers.Binary;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Renderers.Nftables.Rendering;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using static KubeProxySharp.Renderers.Nftables.Netlink.NftNumbers;

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>
/// Writes the netlink messages that nft 1.0.6 makes of what <see cref="NftTextEncoder"/> writes, with the user data that nft
/// keeps in the kernel, so that a listing is the same. Elements share messages, as many as an attribute can hold;
/// those of two Services do not if the batch has <see cref="NftBatch.Owners"/>.
/// </summary>
internal ref partial struct NftBatchEncoder : INftEncoder
{
    /// <summary>A message of elements is ended when the next may not fit: key, value, a chain's name and a comment, with their headers.</summary>
    private const int MostElementBytes = ushort.MaxValue - 1024;

    /// <summary>No message of elements is open.</summary>
    private const int None = -1;

    private static ReadOnlySpan<byte> TableName => "kube-proxy"u8;

    private readonly NftBatch _batch;
    private readonly IpFamily _family;
    private readonly byte _netlinkFamily;
    private readonly int _addressLength;
    private MessageWriter _messages;
    private MessageWriter _waitingRules;
    private uint _sequence;
    private uint _setId;

    /// <summary>Whether chains may come yet that rules go to; these wait for <see cref="EndTable"/>.</summary>
    private bool _isInTable;

    /// <summary>The set that elements belong to.</summary>
    private NameBuffer _set;
    private int _setLength;
    private KeyFields _key;
    private int _keyLength;
    private bool _isDeleted;
    private int _list;
    private int _element;

    /// <summary>The message of the rule, apart from the others: sets that it needs come before it.</summary>
    private MessageWriter _rule;
    private int _expressions;
    private int _expression;
    private int _expressionData;

    /// <summary>Begins a batch.</summary>
    /// <param name="batch">Takes it; what it held is lost.</param>
    /// <param name="family">The family of the table.</param>
    /// <param name="generation">The generation of the rules that the batch is meant for: the kernel refuses it for any other.</param>
    public NftBatchEncoder(NftBatch batch, IpFamily family, uint? generation)
    {
        _batch = batch;
        _family = family;
        _netlinkFamily = family == IpFamily.IPv4 ? NetlinkHeader.FamilyIPv4 : NetlinkHeader.FamilyIPv6;
        _addressLength = family == IpFamily.IPv4 ? 4 : 16;
        _messages = new(ref batch.Buffer);
        _waitingRules = new(ref batch.WaitingRules);
        _list = None;
        _sequence = NftBatch.FirstSequence;
        _messages.Begin(NetlinkHeader.BatchBegin, 0, _sequence, NetlinkHeader.FamilyUnspecified, Subsystem);
        batch.HasGeneration = generation is not null;
        if (generation is { } expected)
        {
            _messages.Add(BatchGeneration, expected);
        }

        _messages.End();
    }

    public readonly bool NamesServices => _batch.Owners is not null;

    public void BeginService(NamespacedName service) => SetOwner(service);

    public void EndService() => SetOwner(null);

    public void Complete()
    {
        _batch.Count = (int)(_sequence - NftBatch.FirstSequence);
        _messages.Begin(NetlinkHeader.BatchEnd, 0, ++_sequence, NetlinkHeader.FamilyUnspecified, Subsystem);
        _messages.End();
        _batch.Length = _messages.Length;
    }

    public void AddTable() => NewTable(default);

    public void DeleteTable()
    {
        Begin(ref _messages, Message.DelTable, 0);
        _messages.AddText(TableAttribute.Name, TableName);
        _messages.End();
    }

    public void FlushTable()
    {
        Begin(ref _messages, Message.DelRule, 0);
        _messages.AddText(RuleAttribute.Table, TableName);
        _messages.End();
    }

    public void BeginTable(scoped ReadOnlySpan<byte> comment)
    {
        NewTable(comment);
        _isInTable = true;
    }

    public void EndTable()
    {
        _isInTable = false;
        _messages.Append(_waitingRules.Written);
        _waitingRules = new(ref _batch.WaitingRules);
    }

    public void BeginBaseChain(scoped ObjectName name, ChainType type, ChainHook hook, int priority)
    {
        BeginNewChain(name);
        _messages.AddText(ChainAttribute.Type, type == ChainType.Filter ? "filter"u8 : "nat"u8);
        int nested = _messages.Open(ChainAttribute.Hook);
        _messages.Add(HookAttribute.HookNumber, (uint)hook);
        _messages.Add(HookAttribute.Priority, (uint)priority);
        _messages.Close(nested);
        _messages.End();
    }

    public void BeginChain(scoped ObjectName name, bool isFixed, scoped ReadOnlySpan<byte> comment)
    {
        BeginNewChain(name);
        Comment(ref _messages, ChainAttribute.UserData, comment);
        _messages.End();
    }

    public readonly void EndChain()
    {
        // Rules say which chain they belong to.
    }

    public void AddChain(scoped ObjectName name)
    {
        BeginNewChain(name);
        _messages.End();
    }

    public void FlushChain(scoped ObjectName name) => Delete(Message.DelRule, RuleAttribute.Table, RuleAttribute.Chain, name);

    public void DeleteChain(scoped ObjectName name) => Delete(Message.DelChain, ChainAttribute.Table, ChainAttribute.Name, name);

    public void DeclareSet(scoped SetDeclaration set)
    {
        uint flags = (set.Data == ElementData.None ? 0 : SetFlag.Map) | (set.IsFilledByRules ? SetFlag.Eval : 0) | (set.TimeoutSeconds == 0 ? 0 : SetFlag.Timeout);
        BeginNewSet(ref _messages, set.Name, flags, set.Key);
        if (set.Data == ElementData.Verdict)
        {
            _messages.Add(SetAttribute.DataType, VerdictData);
            _messages.Add(SetAttribute.DataLength, 0u);
        }
        else if (set.Data == ElementData.Endpoint)
        {
            _messages.Add(SetAttribute.DataType, TypeOf(KeyFields.DestinationAddress | KeyFields.DestinationPort));
            _messages.Add(SetAttribute.DataLength, (uint)LengthOf(KeyFields.DestinationAddress | KeyFields.DestinationPort));
        }

        _messages.Add(SetAttribute.Id, ++_setId);
        if (set.TimeoutSeconds != 0)
        {
            _messages.Add(SetAttribute.Timeout, (ulong)TimeSpan.FromSeconds(set.TimeoutSeconds).TotalMilliseconds);
        }

        NftUserData data = new(stackalloc byte[NftUserData.MaxLength]);
        data.AddSet(_family, set);
        _messages.Add(SetAttribute.UserData, data.Written);
        if (set.HasCounters)
        {
            AddCounter(ref _messages);
        }

        _messages.End();
    }

    public void DeleteSet(scoped ObjectName name) => Delete(Message.DelSet, SetAttribute.Table, SetAttribute.Name, name);

    public void DeleteMap(scoped ObjectName name) => DeleteSet(name);

    public void BeginElements(scoped ObjectName set, KeyFields key, bool isDeleted)
    {
        _setLength = set.Format(_set);
        (_key, _keyLength, _isDeleted) = (key, LengthOf(key), isDeleted);
    }

    public void Element(in ElementKey key)
    {
        BeginElement(key);
        _messages.Close(_element);
    }

    public void Element(in ElementKey key, EndpointAddress endpoint)
    {
        BeginElement(key);
        int data = _messages.Open(ElementAttribute.Data);
        Span<byte> value = _messages.AddZeros(DataAttribute.Value, _addressLength + sizeof(uint));
        endpoint.Address.WriteBytes(value);
        BinaryPrimitives.WriteUInt16BigEndian(value[_addressLength..], endpoint.Port);
        _messages.Close(data);
        _messages.Close(_element);
    }

    public void ElementGoto(in ElementKey key, scoped ObjectName chain, scoped ReadOnlySpan<byte> comment)
    {
        BeginElement(key);
        int data = _messages.Open(ElementAttribute.Data);
        Verdict(ref _messages, VerdictCode.Goto, chain);
        _messages.Close(data);
        Comment(ref _messages, ElementAttribute.UserData, comment);
        _messages.Close(_element);
    }

    public void ElementDrop(in ElementKey key, scoped ReadOnlySpan<byte> comment)
    {
        BeginElement(key);
        int data = _messages.Open(ElementAttribute.Data);
        Verdict(ref _messages, VerdictCode.Drop);
        _messages.Close(data);
        Comment(ref _messages, ElementAttribute.UserData, comment);
        _messages.Close(_element);
    }

    public void EndElements()
    {
        if (_list != None)
        {
            _messages.Close(_list);
            _messages.End();
            _list = None;
        }
    }

    private void SetOwner(NamespacedName? service)
    {
        if (_batch.Owners is { } owners && owners.Current != service)
        {
            EndElements(); // no message has elements of two
            owners.Begin(_sequence + 1, service);
        }
    }

    private void BeginElement(in ElementKey key)
    {
        if (_list != None && _messages.Length - _list > MostElementBytes)
        {
            EndElements();
        }

        if (_list == None)
        {
            Begin(ref _messages, _isDeleted ? Message.DelSetElem : Message.NewSetElem, _isDeleted ? (ushort)0 : NetlinkHeader.Create);
            _messages.AddText(ElementListAttribute.Table, TableName);
            _messages.AddText(ElementListAttribute.Set, ((ReadOnlySpan<byte>)_set)[.._setLength]);
            _list = _messages.Open(ElementListAttribute.Elements);
        }

        _element = _messages.Open(ListElement);
        int nested = _messages.Open(ElementAttribute.Key);
        Span<byte> value = _messages.AddZeros(DataAttribute.Value, _keyLength);
        if ((_key & KeyFields.SourceAddress) != 0)
        {
            key.Address.WriteBytes(value);
            value = value[_addressLength..];
        }

        if ((_key & KeyFields.DestinationAddress) != 0)
        {
            key.Address.WriteBytes(value);
            value = value[_addressLength..];
        }

        if ((_key & KeyFields.Protocol) != 0)
        {
            value[0] = (byte)key.Protocol;
            value = value[sizeof(uint)..];
        }

        if ((_key & KeyFields.DestinationPort) != 0)
        {
            BinaryPrimitives.WriteUInt16BigEndian(value, key.Port);
            value = value[sizeof(uint)..];
        }

        if ((_key & KeyFields.Slot) != 0)
        {
            BinaryPrimitives.WriteInt32LittleEndian(value, key.Slot); // numgen gives a number of this machine
        }

        _messages.Close(nested);
    }

    private void Delete(ushort message, ushort tableAttribute, ushort nameAttribute, scoped ObjectName name)
    {
        Begin(ref _messages, message, 0);
        _messages.AddText(tableAttribute, TableName);
        Name(ref _messages, nameAttribute, name);
        _messages.End();
    }

    private void NewTable(scoped ReadOnlySpan<byte> comment)
    {
        Begin(ref _messages, Message.NewTable, 0);
        _messages.AddText(TableAttribute.Name, TableName);
        _messages.Add(TableAttribute.Flags, 0u);
        Comment(ref _messages, TableAttribute.UserData, comment);
        _messages.End();
    }

    private void BeginNewChain(scoped ObjectName name)
    {
        Begin(ref _messages, Message.NewChain, NetlinkHeader.Create);
        _messages.AddText(ChainAttribute.Table, TableName);
        Name(ref _messages, ChainAttribute.Name, name);
    }

    private void BeginNewSet(ref MessageWriter messages, scoped ObjectName name, uint flags, KeyFields key)
    {
        Begin(ref messages, Message.NewSet, NetlinkHeader.Create);
        messages.AddText(SetAttribute.Table, TableName);
        Name(ref messages, SetAttribute.Name, name);
        messages.Add(SetAttribute.Flags, flags);
        messages.Add(SetAttribute.KeyType, TypeOf(key));
        messages.Add(SetAttribute.KeyLength, (uint)LengthOf(key));
    }

    /// <summary>Begins a message; messages are numbered in the order in which they are begun.</summary>
    private void Begin(ref MessageWriter messages, ushort type, ushort flags) =>
        messages.Begin((ushort)((Subsystem << 8) | type), flags, ++_sequence, _netlinkFamily);

    /// <summary>Bytes of a key: each field fills registers of four.</summary>
    private readonly int LengthOf(KeyFields key)
    {
        int addresses = int.PopCount((int)(key & (KeyFields.SourceAddress | KeyFields.DestinationAddress)));
        int others = int.PopCount((int)(key & (KeyFields.Protocol | KeyFields.DestinationPort | KeyFields.Slot)));
        return (addresses * _addressLength) + (others * sizeof(uint));
    }

    /// <summary>nft's number for the type of a key, which only nft reads: six bits for each field (enum datatypes of nft's include/datatype.h).</summary>
    private readonly uint TypeOf(KeyFields key)
    {
        uint type = 0;
        for (KeyFields field = KeyFields.SourceAddress; field <= KeyFields.Slot; field = (KeyFields)((int)field << 1))
        {
            if ((key & field) != 0)
            {
                type = (type << 6) | field switch
                {
                    KeyFields.Protocol => 12u, // TYPE_INET_PROTOCOL
                    KeyFields.DestinationPort => 13u, // TYPE_INET_SERVICE
                    KeyFields.Slot => 4u, // TYPE_INTEGER
                    _ => _family == IpFamily.IPv4 ? 7u : 8u, // TYPE_IPADDR, TYPE_IP6ADDR
                };
            }
        }

        return type;
    }

    private static void Name(ref MessageWriter messages, ushort type, scoped ObjectName name)
    {
        Span<byte> text = stackalloc byte[ObjectName.MaxLength];
        messages.AddText(type, text[..name.Format(text)]);
    }

    private static void Comment(ref MessageWriter messages, ushort type, scoped ReadOnlySpan<byte> comment)
    {
        if (!comment.IsEmpty)
        {
            NftUserData data = new(stackalloc byte[NftUserData.MaxLength]);
            data.AddComment(comment);
            messages.Add(type, data.Written);
        }
    }

    /// <summary>The expression of a set that the kernel copies into each element that is added without one (nft_set_elem_expr_clone).</summary>
    private static void AddCounter(ref MessageWriter messages)
    {
        int expression = messages.Open(SetAttribute.Expression);
        messages.AddText(ExpressionAttribute.Name, "counter"u8);
        messages.Close(messages.Open(ExpressionAttribute.Data));
        messages.Close(expression);
    }

    private static void Verdict(ref MessageWriter messages, int code, scoped ObjectName chain)
    {
        int verdict = messages.Open(DataAttribute.Verdict);
        messages.Add(VerdictAttribute.Code, (uint)code);
        Name(ref messages, VerdictAttribute.Chain, chain);
        messages.Close(verdict);
    }

    private static void Verdict(ref MessageWriter messages, int code)
    {
        int verdict = messages.Open(DataAttribute.Verdict);
        messages.Add(VerdictAttribute.Code, (uint)code);
        messages.Close(verdict);
    }
}

namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>The attributes of one enum of linux/netfilter/nf_tables.h: their names and what their values are.</summary>
internal sealed class AttributeSchema
{
    private readonly NamedAttribute[] _attributes;

    /// <summary>Takes the attributes in the order of the enum, from 1 on.</summary>
    private AttributeSchema(string prefix, params NamedAttribute[] attributes)
    {
        Prefix = prefix;
        _attributes = attributes;
    }

    /// <summary>What all names of the enum begin with.</summary>
    public string Prefix { get; }

    /// <summary>Those of the begin of a batch.</summary>
    public static AttributeSchema Batch { get; } = new("NFNL_BATCH_", Number("GENID"));

    /// <summary>An attribute, null for a number that the enum does not have.</summary>
    public NamedAttribute? Find(ushort type) => type >= 1 && type <= _attributes.Length ? _attributes[type - 1] : null;

    /// <summary>A message of enum nf_tables_msg_types.</summary>
    public static bool TryFindMessage(int type, out string name, out AttributeSchema? schema)
    {
        (name, schema) = type switch
        {
            NftNumbers.Message.NewTable => ("NFT_MSG_NEWTABLE", s_table),
            NftNumbers.Message.DelTable => ("NFT_MSG_DELTABLE", s_table),
            NftNumbers.Message.NewChain => ("NFT_MSG_NEWCHAIN", s_chain),
            NftNumbers.Message.DelChain => ("NFT_MSG_DELCHAIN", s_chain),
            NftNumbers.Message.NewRule => ("NFT_MSG_NEWRULE", s_rule),
            NftNumbers.Message.DelRule => ("NFT_MSG_DELRULE", s_rule),
            NftNumbers.Message.NewSet => ("NFT_MSG_NEWSET", s_set),
            NftNumbers.Message.DelSet => ("NFT_MSG_DELSET", s_set),
            NftNumbers.Message.NewSetElem => ("NFT_MSG_NEWSETELEM", s_elementList),
            NftNumbers.Message.DelSetElem => ("NFT_MSG_DELSETELEM", s_elementList),
            _ => ("", null),
        };
        return schema is not null;
    }

    /// <summary>The attributes of an expression by its name; null for those that are not known.</summary>
    public static AttributeSchema? OfExpression(ReadOnlySpan<byte> name) => name switch
    {
        _ when name.SequenceEqual("payload"u8) => s_payload,
        _ when name.SequenceEqual("meta"u8) => s_meta,
        _ when name.SequenceEqual("ct"u8) => s_ct,
        _ when name.SequenceEqual("fib"u8) => s_fib,
        _ when name.SequenceEqual("numgen"u8) => s_numgen,
        _ when name.SequenceEqual("bitwise"u8) => s_bitwise,
        _ when name.SequenceEqual("cmp"u8) => s_cmp,
        _ when name.SequenceEqual("lookup"u8) => s_lookup,
        _ when name.SequenceEqual("dynset"u8) => s_dynset,
        _ when name.SequenceEqual("immediate"u8) => s_immediate,
        _ when name.SequenceEqual("nat"u8) => s_nat,
        _ when name.SequenceEqual("masq"u8) => s_masquerade,
        _ when name.SequenceEqual("reject"u8) => s_reject,
        _ when name.SequenceEqual("counter"u8) => s_counter,
        _ => null,
    };

    private static readonly AttributeSchema s_verdict = new("NFTA_VERDICT_", new("CODE", AttributeKind.VerdictCode), Text("CHAIN"), Number("CHAIN_ID"));
    private static readonly AttributeSchema s_data = new("NFTA_DATA_", Bytes("VALUE"), In("VERDICT", s_verdict));

    private static readonly AttributeSchema s_payload = new("NFTA_PAYLOAD_", Number("DREG"), Number("BASE"), Number("OFFSET"), Number("LEN"));
    private static readonly AttributeSchema s_meta = new("NFTA_META_", Number("DREG"), Number("KEY"), Number("SREG"));
    private static readonly AttributeSchema s_ct = new("NFTA_CT_", Number("DREG"), Number("KEY"));
    private static readonly AttributeSchema s_fib = new("NFTA_FIB_", Number("DREG"), Number("RESULT"), Flags("FLAGS"));
    private static readonly AttributeSchema s_numgen = new("NFTA_NG_", Number("DREG"), Number("MODULUS"), Number("TYPE"), Number("OFFSET"));

    private static readonly AttributeSchema s_bitwise =
        new("NFTA_BITWISE_", Number("SREG"), Number("DREG"), Number("LEN"), In("MASK", s_data), In("XOR", s_data), Number("OP"), In("DATA", s_data));

    private static readonly AttributeSchema s_cmp = new("NFTA_CMP_", Number("SREG"), Number("OP"), In("DATA", s_data));
    private static readonly AttributeSchema s_lookup = new("NFTA_LOOKUP_", Text("SET"), Number("SREG"), Number("DREG"), Number("SET_ID"), Flags("FLAGS"));

    private static readonly AttributeSchema s_dynset =
        new("NFTA_DYNSET_", Text("SET_NAME"), Number("SET_ID"), Number("OP"), Number("SREG_KEY"), Number("SREG_DATA"), new("TIMEOUT", AttributeKind.LongNumber));

    private static readonly AttributeSchema s_immediate = new("NFTA_IMMEDIATE_", Number("DREG"), In("DATA", s_data));

    private static readonly AttributeSchema s_nat = new(
        "NFTA_NAT_", Number("TYPE"), Number("FAMILY"), Number("REG_ADDR_MIN"), Number("REG_ADDR_MAX"), Number("REG_PROTO_MIN"), Number("REG_PROTO_MAX"), Flags("FLAGS"));

    private static readonly AttributeSchema s_masquerade = new("NFTA_MASQ_", Flags("FLAGS"));
    private static readonly AttributeSchema s_reject = new("NFTA_REJECT_", Number("TYPE"), new("ICMP_CODE", AttributeKind.Byte));

    private static readonly AttributeSchema s_counter = new("NFTA_COUNTER_", new("BYTES", AttributeKind.LongNumber), new("PACKETS", AttributeKind.LongNumber));

    /// <summary>What is in the data depends on the name before it.</summary>
    private static readonly AttributeSchema s_expression = new("NFTA_EXPR_", new("NAME", AttributeKind.ExpressionName), new("DATA", AttributeKind.Nested));

    private static readonly AttributeSchema s_expressions = new("NFTA_LIST_", In("ELEM", s_expression));

    private static readonly AttributeSchema s_table = new(
        "NFTA_TABLE_", Text("NAME"), Flags("FLAGS"), Number("USE"), new("HANDLE", AttributeKind.LongNumber), Bytes("PAD"), new("USERDATA", AttributeKind.UserData));

    private static readonly AttributeSchema s_hook = new("NFTA_HOOK_", Number("HOOKNUM"), new("PRIORITY", AttributeKind.SignedNumber));

    private static readonly AttributeSchema s_chain = new(
        "NFTA_CHAIN_",
        Text("TABLE"), new("HANDLE", AttributeKind.LongNumber), Text("NAME"), In("HOOK", s_hook), Number("POLICY"), Number("USE"), Text("TYPE"),
        Bytes("COUNTERS"), Bytes("PAD"), Flags("FLAGS"), Number("ID"), new("USERDATA", AttributeKind.UserData));

    private static readonly AttributeSchema s_rule = new(
        "NFTA_RULE_",
        Text("TABLE"), Text("CHAIN"), new("HANDLE", AttributeKind.LongNumber), In("EXPRESSIONS", s_expressions), Bytes("COMPAT"),
        new("POSITION", AttributeKind.LongNumber), new("USERDATA", AttributeKind.UserData));

    private static readonly AttributeSchema s_description = new("NFTA_SET_DESC_", Number("SIZE"), Bytes("CONCAT"));

    private static readonly AttributeSchema s_set = new(
        "NFTA_SET_",
        Text("TABLE"), Text("NAME"), Flags("FLAGS"), Flags("KEY_TYPE"), Number("KEY_LEN"), Flags("DATA_TYPE"), Number("DATA_LEN"), Number("POLICY"),
        In("DESC", s_description), Number("ID"), new("TIMEOUT", AttributeKind.LongNumber), Number("GC_INTERVAL"), new("USERDATA", AttributeKind.UserData),
        Bytes("PAD"), Bytes("OBJ_TYPE"), new("HANDLE", AttributeKind.LongNumber), In("EXPR", s_expression));

    private static readonly AttributeSchema s_element = new(
        "NFTA_SET_ELEM_",
        In("KEY", s_data), In("DATA", s_data), Flags("FLAGS"), new("TIMEOUT", AttributeKind.LongNumber), new("EXPIRATION", AttributeKind.LongNumber),
        new("USERDATA", AttributeKind.UserData));

    private static readonly AttributeSchema s_elements = new("NFTA_LIST_", In("ELEM", s_element));

    private static readonly AttributeSchema s_elementList =
        new("NFTA_SET_ELEM_LIST_", Text("TABLE"), Text("SET"), In("ELEMENTS", s_elements), Number("SET_ID"));

    private static NamedAttribute Number(string name) => new(name, AttributeKind.Number);

    private static NamedAttribute Flags(string name) => new(name, AttributeKind.Flags);

    private static NamedAttribute Text(string name) => new(name, AttributeKind.Text);

    private static NamedAttribute Bytes(string name) => new(name, AttributeKind.Bytes);

    private static NamedAttribute In(string name, AttributeSchema nested) => new(name, AttributeKind.Nested) { Nested = nested };
}

/// <summary>An attribute.</summary>
internal sealed class NamedAttribute(string name, AttributeKind kind)
{
    /// <summary>The header's name for it, behind <see cref="AttributeSchema.Prefix"/>.</summary>
    public string Name { get; } = name;

    public AttributeKind Kind { get; } = kind;

    /// <summary>What is in it; null for expressions, where the name before it says that.</summary>
    public AttributeSchema? Nested { get; init; }
}

/// <summary>What the value of an attribute is. Numbers are in network byte order.</summary>
internal enum AttributeKind : byte
{
    Bytes,
    Number,
    SignedNumber,
    LongNumber,
    Byte,

    /// <summary>A number of 32 bits that is written in hexadecimal.</summary>
    Flags,
    Text,
    ExpressionName,
    VerdictCode,
    UserData,
    Nested,
}

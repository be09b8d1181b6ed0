using System.Text;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>One message of the nftables subsystem (linux/netfilter/nf_tables.h).</summary>
/// <param name="message">The message, whatever it is; what cannot be read of it throws a NetlinkException.</param>
internal readonly ref struct NftMessage(NetlinkMessage message)
{
    /// <summary>The high byte of the type of each message: NFNL_SUBSYS_NFTABLES.</summary>
    public const byte Subsystem = 10;

    private const int NewGeneration = 15; // NFT_MSG_NEWGEN
    private const int SetElementAdded = 12; // NFT_MSG_NEWSETELEM
    private const int SetElementDeleted = 14; // NFT_MSG_DELSETELEM
    private const int TableAttribute = 1; // NFTA_TABLE_NAME, NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, ...

    private readonly NetlinkMessage _message = message;

    /// <summary>The family.</summary>
    public byte Family => _message.Family;

    /// <summary>The attributes, in bytes.</summary>
    public ReadOnlySpan<byte> Content => _message.Payload[NetlinkHeader.GenericLength..];

    /// <summary>Whether it reports a commit; what the commit changed came before it.</summary>
    public bool IsGeneration => _message.Type == TypeOf(NewGeneration);

    /// <summary>Whether it reports a change; else it is an error or another subsystem's.</summary>
    public bool IsChange => _message.Type >> 8 == Subsystem && !IsGeneration;

    /// <summary>Whether something was removed.</summary>
    public bool IsRemoval => Number is 2 or 5 or 8 or 11 or SetElementDeleted or 20 or 24;

    /// <summary>Whether it reports elements of a set or map.</summary>
    public bool IsElement => Number is SetElementAdded or SetElementDeleted;

    /// <summary>The name of the table.</summary>
    public ReadOnlySpan<byte> Table => Text(TableAttribute);

    /// <summary>The name of the chain, set, map or object, or of that of a rule or element.</summary>
    public ReadOnlySpan<byte> Name => Text(Number is 3 or 5 ? (ushort)3 : (ushort)2); // NFTA_CHAIN_NAME is 3, NFTA_RULE_CHAIN, NFTA_SET_NAME, ... are 2

    /// <summary>Whether a chain has a hook (NFTA_CHAIN_HOOK): a base chain.</summary>
    public bool HasHook => _message.Attributes.TryFind(4);

    /// <summary>The flags of a set or map (NFTA_SET_FLAGS, enum nft_set_flags); 0 if it has none.</summary>
    public uint SetFlags
    {
        get
        {
            AttributeReader attributes = _message.Attributes;
            return attributes.TryFind(3) ? attributes.ToUInt32() : 0;
        }
    }

    /// <summary>What kind of thing changed, in nft's words.</summary>
    public string Kind => Number switch
    {
        0 or 2 => "table",
        3 or 5 => "chain",
        6 or 8 => "a rule of chain",
        9 or 11 => "set or map",
        SetElementAdded or SetElementDeleted => "an element of",
        _ => "object",
    };

    private int Number => _message.Type & 0xff;

    /// <summary>The type of a message of the subsystem.</summary>
    public static ushort TypeOf(byte number) => (ushort)((Subsystem << 8) | number);

    /// <summary>How many elements of a set or map it reports.</summary>
    public int CountElements()
    {
        int count = 0;
        AttributeReader attributes = _message.Attributes;
        if (attributes.TryFind(3)) // NFTA_SET_ELEM_LIST_ELEMENTS
        {
            AttributeReader elements = attributes.Nested;
            while (elements.Read())
            {
                count++;
            }
        }

        return count;
    }

    /// <summary>Passes on the elements of a set or map that have a counter.</summary>
    public void ReadCounters(CounterHandler take)
    {
        AttributeReader attributes = _message.Attributes;
        if (!attributes.TryFind(3)) // NFTA_SET_ELEM_LIST_ELEMENTS
        {
            return;
        }

        AttributeReader elements = attributes.Nested;
        while (elements.Read())
        {
            ReadOnlySpan<byte> key = default;
            ulong? packets = null;
            AttributeReader element = elements.Nested;
            while (element.Read())
            {
                switch (element.Type)
                {
                    case 1: // NFTA_SET_ELEM_KEY
                        AttributeReader data = element.Nested;
                        key = data.TryFind(1) ? data.Value : default; // NFTA_DATA_VALUE
                        break;
                    case 7: // NFTA_SET_ELEM_EXPR
                        packets = CountedPackets(element.Nested);
                        break;
                }
            }

            if (packets is { } counted)
            {
                take(key, counted);
            }
        }
    }

    /// <summary>Reads a commit.</summary>
    public Generation ReadGeneration()
    {
        uint number = 0;
        int process = 0;
        AttributeReader attributes = _message.Attributes;
        while (attributes.Read())
        {
            switch (attributes.Type)
            {
                case 1: // NFTA_GEN_ID
                    number = attributes.ToUInt32();
                    break;
                case 2: // NFTA_GEN_PROC_PID
                    process = (int)attributes.ToUInt32();
                    break;
            }
        }

        return new(number, process, Encoding.UTF8.GetString(Text(3)), _message.Port); // NFTA_GEN_PROC_NAME
    }

    /// <summary>The packets of a counter expression; null for any other.</summary>
    private static ulong? CountedPackets(AttributeReader expression)
    {
        bool isCounter = false;
        while (expression.Read())
        {
            switch (expression.Type)
            {
                case 1: // NFTA_EXPR_NAME
                    isCounter = expression.ToText().SequenceEqual("counter"u8);
                    break;
                case 2 when isCounter: // NFTA_EXPR_DATA
                    AttributeReader counter = expression.Nested;
                    return counter.TryFind(2) ? counter.ToUInt64() : null; // NFTA_COUNTER_PACKETS
            }
        }

        return null;
    }

    private ReadOnlySpan<byte> Text(ushort type)
    {
        AttributeReader attributes = _message.Attributes;
        return attributes.TryFind(type) ? attributes.ToText() : [];
    }
}

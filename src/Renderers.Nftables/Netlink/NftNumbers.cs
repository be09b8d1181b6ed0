namespace KubeProxySharp.Renderers.Nftables.Netlink;

/// <summary>
/// The numbers of linux/netfilter/nf_tables.h that the layout of docs/nftables.md needs. A class is an enum of the header, and
/// a constant one of its names: <c>SetAttribute.KeyType</c> is NFTA_SET_KEY_TYPE.
/// </summary>
internal static class NftNumbers
{
    /// <summary>NFNL_SUBSYS_NFTABLES of linux/netfilter/nfnetlink.h: the upper byte of message types, and the resource of batches.</summary>
    public const ushort Subsystem = 10;

    /// <summary>NFNL_BATCH_GENID of linux/netfilter/nfnetlink.h.</summary>
    public const ushort BatchGeneration = 1;

    /// <summary>NFTA_LIST_ELEM.</summary>
    public const ushort ListElement = 1;

    /// <summary>enum nf_tables_msg_types.</summary>
    public static class Message
    {
        public const ushort NewTable = 0;
        public const ushort DelTable = 2;
        public const ushort NewChain = 3;
        public const ushort DelChain = 5;
        public const ushort NewRule = 6;
        public const ushort DelRule = 8;
        public const ushort NewSet = 9;
        public const ushort DelSet = 11;
        public const ushort NewSetElem = 12;
        public const ushort DelSetElem = 14;
    }

    /// <summary>enum nft_table_attributes.</summary>
    public static class TableAttribute
    {
        public const ushort Name = 1;
        public const ushort Flags = 2;
        public const ushort UserData = 6;
    }

    /// <summary>enum nft_chain_attributes.</summary>
    public static class ChainAttribute
    {
        public const ushort Table = 1;
        public const ushort Name = 3;
        public const ushort Hook = 4;
        public const ushort Type = 7;
        public const ushort UserData = 12;
    }

    /// <summary>enum nft_hook_attributes.</summary>
    public static class HookAttribute
    {
        public const ushort HookNumber = 1;
        public const ushort Priority = 2;
    }

    /// <summary>enum nft_rule_attributes.</summary>
    public static class RuleAttribute
    {
        public const ushort Table = 1;
        public const ushort Chain = 2;
        public const ushort Expressions = 4;
        public const ushort UserData = 7;
    }

    /// <summary>enum nft_set_attributes.</summary>
    public static class SetAttribute
    {
        public const ushort Table = 1;
        public const ushort Name = 2;
        public const ushort Flags = 3;
        public const ushort KeyType = 4;
        public const ushort KeyLength = 5;
        public const ushort DataType = 6;
        public const ushort DataLength = 7;
        public const ushort Description = 9;
        public const ushort Id = 10;
        public const ushort Timeout = 11;
        public const ushort UserData = 13;
        public const ushort Expression = 17;
    }

    /// <summary>enum nft_set_flags.</summary>
    public static class SetFlag
    {
        public const uint Anonymous = 0x1;
        public const uint Constant = 0x2;
        public const uint Interval = 0x4;
        public const uint Map = 0x8;
        public const uint Timeout = 0x10;
        public const uint Eval = 0x20; // what nft calls dynamic
    }

    /// <summary>NFTA_SET_DESC_SIZE.</summary>
    public const ushort DescriptionSize = 1;

    /// <summary>NFT_DATA_VERDICT: the data type of maps to verdicts.</summary>
    public const uint VerdictData = 0xFFFF_FF00;

    /// <summary>enum nft_set_elem_list_attributes.</summary>
    public static class ElementListAttribute
    {
        public const ushort Table = 1;
        public const ushort Set = 2;
        public const ushort Elements = 3;
        public const ushort SetId = 4;
    }

    /// <summary>enum nft_set_elem_attributes.</summary>
    public static class ElementAttribute
    {
        public const ushort Key = 1;
        public const ushort Data = 2;
        public const ushort Flags = 3;
        public const ushort UserData = 6;
    }

    /// <summary>NFT_SET_ELEM_INTERVAL_END.</summary>
    public const uint IntervalEnd = 0x1;

    /// <summary>enum nft_data_attributes.</summary>
    public static class DataAttribute
    {
        public const ushort Value = 1;
        public const ushort Verdict = 2;
    }

    /// <summary>enum nft_verdict_attributes.</summary>
    public static class VerdictAttribute
    {
        public const ushort Code = 1;
        public const ushort Chain = 2;
    }

    /// <summary>enum nft_verdicts, and NF_DROP of linux/netfilter.h.</summary>
    public static class VerdictCode
    {
        public const int Drop = 0;
        public const int Jump = -3;
        public const int Goto = -4;
        public const int Return = -5;
    }

    /// <summary>enum nft_registers.</summary>
    public static class Register
    {
        public const uint Verdict = 0;
        public const uint First = 1; // NFT_REG_1: 16 bytes, as the three after it
        public const uint FirstShort = 8; // NFT_REG32_00: the first 4 bytes of these
    }

    /// <summary>enum nft_expr_attributes.</summary>
    public static class ExpressionAttribute
    {
        public const ushort Name = 1;
        public const ushort Data = 2;
    }

    /// <summary>enum nft_payload_attributes.</summary>
    public static class PayloadAttribute
    {
        public const ushort DestinationRegister = 1;
        public const ushort Base = 2;
        public const ushort Offset = 3;
        public const ushort Length = 4;
    }

    /// <summary>enum nft_payload_bases.</summary>
    public static class PayloadBase
    {
        public const uint Network = 1;
        public const uint Transport = 2;
    }

    /// <summary>enum nft_meta_attributes.</summary>
    public static class MetaAttribute
    {
        public const ushort DestinationRegister = 1;
        public const ushort Key = 2;
        public const ushort SourceRegister = 3;
    }

    /// <summary>enum nft_meta_keys.</summary>
    public static class MetaKey
    {
        public const uint Mark = 3;
        public const uint InputInterfaceName = 6;
        public const uint Layer4Protocol = 16;
    }

    /// <summary>enum nft_ct_attributes.</summary>
    public static class CtAttribute
    {
        public const ushort DestinationRegister = 1;
        public const ushort Key = 2;
    }

    /// <summary>enum nft_ct_keys.</summary>
    public static class CtKey
    {
        public const uint State = 0;
        public const uint Status = 2;
    }

    /// <summary>enum nft_fib_attributes.</summary>
    public static class FibAttribute
    {
        public const ushort DestinationRegister = 1;
        public const ushort Result = 2;
        public const ushort Flags = 3;
    }

    /// <summary>NFT_FIB_RESULT_ADDRTYPE.</summary>
    public const uint FibAddressType = 3;

    /// <summary>NFTA_FIB_F_SADDR.</summary>
    public const uint FibSource = 1;

    /// <summary>NFTA_FIB_F_DADDR.</summary>
    public const uint FibDestination = 2;

    /// <summary>enum nft_numgen_attributes, nft_ng_attributes in the header.</summary>
    public static class NumgenAttribute
    {
        public const ushort DestinationRegister = 1;
        public const ushort Modulus = 2;
        public const ushort Type = 3;
        public const ushort Offset = 4;
    }

    /// <summary>NFT_NG_RANDOM.</summary>
    public const uint NumgenRandom = 1;

    /// <summary>enum nft_bitwise_attributes.</summary>
    public static class BitwiseAttribute
    {
        public const ushort SourceRegister = 1;
        public const ushort DestinationRegister = 2;
        public const ushort Length = 3;
        public const ushort Mask = 4;
        public const ushort Xor = 5;
    }

    /// <summary>enum nft_cmp_attributes.</summary>
    public static class CmpAttribute
    {
        public const ushort SourceRegister = 1;
        public const ushort Operation = 2;
        public const ushort Data = 3;
    }

    /// <summary>enum nft_cmp_ops.</summary>
    public static class CmpOperation
    {
        public const uint Equal = 0;
        public const uint NotEqual = 1;
    }

    /// <summary>enum nft_lookup_attributes.</summary>
    public static class LookupAttribute
    {
        public const ushort Set = 1;
        public const ushort SourceRegister = 2;
        public const ushort DestinationRegister = 3;
        public const ushort SetId = 4;
    }

    /// <summary>enum nft_dynset_attributes.</summary>
    public static class DynsetAttribute
    {
        public const ushort Set = 1;
        public const ushort Operation = 3;
        public const ushort KeyRegister = 4;
    }

    /// <summary>NFT_DYNSET_OP_UPDATE.</summary>
    public const uint DynsetUpdate = 1;

    /// <summary>enum nft_immediate_attributes.</summary>
    public static class ImmediateAttribute
    {
        public const ushort DestinationRegister = 1;
        public const ushort Data = 2;
    }

    /// <summary>enum nft_nat_attributes.</summary>
    public static class NatAttribute
    {
        public const ushort Type = 1;
        public const ushort Family = 2;
        public const ushort AddressRegister = 3; // NFTA_NAT_REG_ADDR_MIN
        public const ushort PortRegister = 5; // NFTA_NAT_REG_PROTO_MIN
        public const ushort Flags = 7;
    }

    /// <summary>NFT_NAT_DNAT.</summary>
    public const uint NatDestination = 1;

    /// <summary>NF_NAT_RANGE_PROTO_SPECIFIED of linux/netfilter/nf_nat.h.</summary>
    public const uint NatPortIsGiven = 0x2;

    /// <summary>NFTA_MASQ_FLAGS.</summary>
    public const ushort MasqueradeFlags = 1;

    /// <summary>NF_NAT_RANGE_PROTO_RANDOM_FULLY of linux/netfilter/nf_nat.h.</summary>
    public const uint NatFullyRandom = 0x10;

    /// <summary>enum nft_reject_attributes.</summary>
    public static class RejectAttribute
    {
        public const ushort Type = 1;
        public const ushort IcmpCode = 2;
    }

    /// <summary>NFT_REJECT_ICMP_UNREACH.</summary>
    public const uint RejectUnreachable = 0;
}

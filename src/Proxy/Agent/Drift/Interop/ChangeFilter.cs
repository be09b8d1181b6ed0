using System.Buffers.Binary;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Proxy.Agent.Drift.Interop;

/// <summary>
/// The program that the kernel runs on each datagram about changes of rules before it is queued: the ends of commits always
/// come through; what is known to be ours, or is about tables of others only, does not, so that neither a full load of ours
/// nor a large one of somebody else fills the queue.
/// </summary>
/// <remarks>
/// The kernel packs the messages of one commit into datagrams, with those about several tables side by side, and a program
/// cannot loop; so the walk over the messages is written out. Reading behind the end of a datagram drops it.
/// </remarks>
internal sealed class ChangeFilter
{
    /// <summary>As many messages as a datagram of 8 kB can hold; what has more comes through.</summary>
    private const int MostMessages = 160;

    private const int LoadByte = 0x30; // BPF_LD|BPF_B|BPF_ABS; all loads are big-endian
    private const int LoadHalf = 0x28; // BPF_LD|BPF_H|BPF_ABS
    private const int LoadWord = 0x20; // BPF_LD|BPF_W|BPF_ABS
    private const int FromIndex = 0x20; // BPF_IND instead of BPF_ABS, when added to a load
    private const int JumpIfEqual = 0x15; // BPF_JMP|BPF_JEQ|BPF_K
    private const int Return = 0x06; // BPF_RET|BPF_K
    private const int IndexToConstant = 0x01; // BPF_LDX|BPF_W|BPF_IMM
    private const int IndexFromMemory = 0x61; // BPF_LDX|BPF_W|BPF_MEM
    private const int Store = 0x02; // BPF_ST
    private const int StoreIndex = 0x03; // BPF_STX
    private const int Add = 0x04; // BPF_ALU|BPF_ADD|BPF_K
    private const int AddIndex = 0x0c; // BPF_ALU|BPF_ADD|BPF_X
    private const int And = 0x54; // BPF_ALU|BPF_AND|BPF_K
    private const int OrIndex = 0x4c; // BPF_ALU|BPF_OR|BPF_X
    private const int ShiftLeft = 0x64; // BPF_ALU|BPF_LSH|BPF_K
    private const int IndexFromAccumulator = 0x07; // BPF_MISC|BPF_TAX

    private const uint TypeOffset = 4; // nlmsg_type
    private const uint PortOffset = 12; // nlmsg_pid
    private const uint FamilyOffset = 16; // nfgen_family
    private const uint TableOffset = 20; // the first attribute, which is the table in all messages but that of the end
    private const ushort NewGeneration = 0x0a0f; // NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN

    private readonly List<FilterInstruction> _code = [];

    private ChangeFilter()
    {
    }

    /// <summary>Writes the program.</summary>
    /// <param name="hiddenPorts">Netlink ports whose changes do not come through.</param>
    /// <param name="onlyTable">The table that matters, by family and name; null for all.</param>
    public static FilterInstruction[] Build(IEnumerable<int> hiddenPorts, (byte Family, string Name)? onlyTable)
    {
        ChangeFilter filter = new();
        filter.Emit(LoadHalf, TypeOffset);
        filter.Emit(JumpIfEqual, InHostOrder(NewGeneration), ifFalse: 1);
        filter.Accept();
        filter.Emit(LoadWord, PortOffset);
        foreach (int port in hiddenPorts)
        {
            filter.Emit(JumpIfEqual, InHostOrder((uint)port), ifFalse: 1);
            filter.Drop();
        }

        if (onlyTable is { } table)
        {
            filter.Emit(IndexToConstant, 0);
            for (int message = 0; message < MostMessages; message++)
            {
                filter.AcceptIfAbout(table.Family, Attribute(table.Name));
                filter.GoToNextMessage();
            }
        }

        filter.Accept();
        return [.. filter._code];
    }

    /// <summary>What a load gives for a number in the order of the host.</summary>
    private static uint InHostOrder(uint value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    private static uint InHostOrder(ushort value) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;

    /// <summary>NFTA_TABLE_NAME, NFTA_RULE_TABLE, ...: all have the number 1.</summary>
    private static byte[] Attribute(string table)
    {
        byte[] attribute = new byte[4 + table.Length + 1];
        BitConverter.TryWriteBytes(attribute, (ushort)attribute.Length);
        BitConverter.TryWriteBytes(attribute.AsSpan(2), (ushort)1);
        Encoding.ASCII.GetBytes(table, attribute.AsSpan(4));
        return attribute[..^1]; // the length shows that it ends here
    }

    private void AcceptIfAbout(byte family, ReadOnlySpan<byte> attribute)
    {
        List<(int Load, uint Offset, uint Value)> comparisons = [(LoadByte, FamilyOffset, family)];
        for (int done = 0; done < attribute.Length;)
        {
            ReadOnlySpan<byte> rest = attribute[done..];
            (int load, uint value, int length) = rest.Length switch
            {
                >= 4 => (LoadWord, BinaryPrimitives.ReadUInt32BigEndian(rest), 4),
                >= 2 => (LoadHalf, BinaryPrimitives.ReadUInt16BigEndian(rest), 2),
                _ => (LoadByte, (uint)rest[0], 1),
            };
            comparisons.Add((load, TableOffset + (uint)done, value));
            done += length;
        }

        int left = 2 * comparisons.Count;
        foreach ((int load, uint offset, uint value) in comparisons)
        {
            left -= 2;
            Emit(load + FromIndex, offset);
            Emit(JumpIfEqual, value, ifFalse: (byte)(left + 1)); // over the other comparisons and the acceptance
        }

        Accept();
    }

    private void GoToNextMessage()
    {
        // nlmsg_len is below 64 kB: its two low bytes are all of it.
        (uint high, uint low) = BitConverter.IsLittleEndian ? (1u, 0u) : (2u, 3u);
        Emit(StoreIndex, 0);
        Emit(LoadByte + FromIndex, high);
        Emit(ShiftLeft, 8);
        Emit(Store, 1);
        Emit(LoadByte + FromIndex, low);
        Emit(IndexFromMemory, 1);
        Emit(OrIndex, 0);
        Emit(Add, 3);
        Emit(And, ~3u);
        Emit(IndexFromMemory, 0);
        Emit(AddIndex, 0);
        Emit(IndexFromAccumulator, 0);
    }

    private void Accept() => Emit(Return, uint.MaxValue);

    private void Drop() => Emit(Return, 0);

    private void Emit(int code, uint operand, byte ifFalse = 0) => _code.Add(new((ushort)code, 0, ifFalse, operand));
}

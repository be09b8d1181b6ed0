using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>
/// Lists the names of what a table of nftables has, and counts rules and elements, without reading what they say, which would
/// take nft seconds for a large one. Others may commit meanwhile: for rules and elements the kernel's place in a dump depends
/// on this table alone; chains and sets of all tables are dumped together, so what a commit of others leaves out or has twice
/// shows in the number of the generation alone.
/// </summary>
internal sealed class TableDump : IDisposable
{
    private const byte GetChains = 4; // NFT_MSG_GETCHAIN
    private const byte GetRules = 7; // NFT_MSG_GETRULE
    private const byte GetSets = 10; // NFT_MSG_GETSET
    private const byte GetElements = 13; // NFT_MSG_GETSETELEM

    private const int LongestName = 256; // NFT_NAME_MAXLEN

    private readonly NetlinkConnection _kernel = new(NetlinkSocket.Open());
    private readonly byte _family;
    private readonly byte[] _table;

    /// <summary>Opens a socket, in the network namespace of this thread.</summary>
    /// <param name="family">The family of the table.</param>
    /// <param name="table">Its name.</param>
    public TableDump(IpFamily family, string table)
    {
        _family = OwnObjects.Number(family);
        _table = Encoding.UTF8.GetBytes(table);
    }

    /// <summary>Lists the chains of the table.</summary>
    /// <param name="take">Takes the name of each and whether it is a base chain.</param>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public void ListChains(NameHandler take)
    {
        Ask(GetChains, set: null);
        while (TryRead(out NftMessage message))
        {
            if (message.Table.SequenceEqual(_table))
            {
                take(message.Name, message.HasHook);
            }
        }
    }

    /// <summary>Lists the named sets and maps of the table.</summary>
    /// <param name="take">Takes the name of each and whether it is a map.</param>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public void ListSets(NameHandler take)
    {
        const uint Anonymous = 0x1; // NFT_SET_ANONYMOUS
        const uint Map = 0x8; // NFT_SET_MAP
        Ask(GetSets, set: null);
        while (TryRead(out NftMessage message))
        {
            uint flags = message.SetFlags;
            if (message.Table.SequenceEqual(_table) && (flags & Anonymous) == 0)
            {
                take(message.Name, (flags & Map) != 0);
            }
        }
    }

    /// <summary>The number of rules of each chain that has any.</summary>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public Dictionary<string, int> CountRules()
    {
        Dictionary<string, int> rules = new(StringComparer.Ordinal);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byName = rules.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> name = stackalloc char[LongestName];
        Ask(GetRules, set: null);
        while (TryRead(out NftMessage message))
        {
            if (message.Name.Length > LongestName)
            {
                throw new IOException($"the table cannot be read: a name has {message.Name.Length} bytes, more than {LongestName}");
            }

            int length = Encoding.UTF8.GetChars(message.Name, name);
            byName[name[..length]] = byName.TryGetValue(name[..length], out int count) ? count + 1 : 1;
        }

        return rules;
    }

    /// <summary>The number of elements of a set or map; 0 too if there is none.</summary>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public int CountElements(string set)
    {
        int count = 0;
        Ask(GetElements, set);
        while (TryRead(out NftMessage message))
        {
            count += message.CountElements();
        }

        return count;
    }

    /// <summary>Reads the counters in the elements of a set; of a set that is not there none.</summary>
    /// <param name="set">The set.</param>
    /// <param name="take">Takes each element that has a counter.</param>
    /// <returns>Whether nothing was committed meanwhile; otherwise elements may have been left out or taken twice.</returns>
    /// <exception cref="IOException">The kernel refuses the request or its answer cannot be read.</exception>
    public bool TryReadCounters(string set, CounterHandler take)
    {
        Ask(GetElements, set);
        while (TryRead(out NftMessage message))
        {
            ReadCounters(message, take);
        }

        return !_kernel.IsIncomplete;
    }

    /// <inheritdoc/>
    public void Dispose() => _kernel.Dispose();

    private static void ReadCounters(NftMessage message, CounterHandler take)
    {
        try
        {
            message.ReadCounters(take);
        }
        catch (NetlinkException e)
        {
            throw new IOException($"the table cannot be read: {e.Message}", e);
        }
    }

    private void Ask(byte number, string? set)
    {
        MessageWriter request = _kernel.Begin(NftMessage.TypeOf(number), NetlinkHeader.Dump, _family);
        request.AddText(1, _table); // NFTA_CHAIN_TABLE, NFTA_RULE_TABLE, NFTA_SET_TABLE, NFTA_SET_ELEM_LIST_TABLE
        if (set is not null)
        {
            request.AddText(2, set); // NFTA_SET_ELEM_LIST_SET
        }

        int error = _kernel.Send(request);
        if (error != 0)
        {
            throw new IOException($"the table cannot be read: errno {error}");
        }
    }

    private bool TryRead(out NftMessage message)
    {
        try
        {
            bool isRead = _kernel.TryRead(out NetlinkMessage answer);
            message = new(answer);
            return isRead || _kernel.Error is 0 or Errno.NoEntry
                ? isRead
                : throw new IOException($"the table cannot be read: errno {_kernel.Error} (CAP_NET_ADMIN is needed)");
        }
        catch (NetlinkException e)
        {
            throw new IOException($"the table cannot be read: {e.Message}", e);
        }
    }
}

/// <summary>Takes an element with a counter: its key, in bytes as the kernel holds it, and how many packets were counted.</summary>
internal delegate void CounterHandler(ReadOnlySpan<byte> key, ulong packets);

/// <summary>Takes the name of an object, in bytes, and whether it is of the special kind of its list.</summary>
internal delegate void NameHandler(ReadOnlySpan<byte> name, bool isSpecial);

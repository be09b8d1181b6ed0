using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>
/// Counts what a table of nftables has, without reading what it says, which would take nft seconds for a large one. Others may
/// commit meanwhile: the kernel's place in a dump depends on this table alone.
/// </summary>
internal sealed class TableDump : IDisposable
{
    private const byte GetRules = 7; // NFT_MSG_GETRULE
    private const byte GetElements = 13; // NFT_MSG_GETSETELEM

    private readonly NetlinkConnection _kernel = new(NetlinkSocket.Open());
    private readonly byte _family;
    private readonly string _table;

    /// <summary>Opens a socket, in the network namespace of this thread.</summary>
    /// <param name="family">The family of the table.</param>
    /// <param name="table">Its name.</param>
    public TableDump(IpFamily family, string table)
    {
        _family = OwnObjects.Number(family);
        _table = table;
    }

    /// <summary>The number of rules of each chain that has any.</summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    public Dictionary<string, int> CountRules()
    {
        Dictionary<string, int> rules = new(StringComparer.Ordinal);
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> byName = rules.GetAlternateLookup<ReadOnlySpan<char>>();
        Span<char> name = stackalloc char[256]; // NFT_NAME_MAXLEN
        Ask(GetRules, set: null);
        while (TryRead(out NftMessage message))
        {
            int length = Encoding.UTF8.GetChars(message.Name, name);
            byName[name[..length]] = byName.TryGetValue(name[..length], out int count) ? count + 1 : 1;
        }

        return rules;
    }

    /// <summary>The number of elements of a set or map; 0 too if there is none.</summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
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

    /// <inheritdoc/>
    public void Dispose() => _kernel.Dispose();

    private void Ask(byte number, string? set)
    {
        MessageWriter request = _kernel.Begin(NftMessage.TypeOf(number), NetlinkHeader.Dump, _family);
        request.AddText(1, _table); // NFTA_RULE_TABLE, NFTA_SET_ELEM_LIST_TABLE
        if (set is not null)
        {
            request.AddText(2, set); // NFTA_SET_ELEM_LIST_SET
        }

        int error = _kernel.Send(request);
        if (error != 0)
        {
            throw new IOException($"the rules of the table cannot be asked for: errno {error}");
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
                : throw new IOException($"the rules of the table cannot be counted: errno {_kernel.Error} (CAP_NET_ADMIN is needed)");
        }
        catch (NetlinkException e)
        {
            throw new IOException($"the rules of the table cannot be counted: {e.Message}", e);
        }
    }
}

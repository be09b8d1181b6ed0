using System.Runtime.InteropServices;
using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Drift.Interop;

/// <summary>
/// Counts what a table of nftables has, without reading what it says, which would take nft seconds for a large one. Others may
/// commit meanwhile: the kernel's place in a dump depends on this table alone.
/// </summary>
internal sealed class TableDump : IDisposable
{
    private const int GetRules = 7; // NFT_MSG_GETRULE
    private const int GetElements = 13; // NFT_MSG_GETSETELEM
    private const int HeaderLength = 20; // struct nlmsghdr, struct nfgenmsg
    private const int BufferSize = 64 * 1024;

    private readonly SafeFileHandle _socket = NetfilterSocket.Open();
    private readonly byte[] _buffer = new byte[BufferSize];
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
        while (Next(out ReadOnlySpan<byte> datagram))
        {
            NftMessages messages = new(datagram);
            while (messages.MoveNext())
            {
                if (HasEnded(messages))
                {
                    return rules;
                }

                int length = Encoding.UTF8.GetChars(messages.Current.Name, name);
                byName[name[..length]] = byName.TryGetValue(name[..length], out int count) ? count + 1 : 1;
            }
        }

        return rules;
    }

    /// <summary>The number of elements of a set or map; 0 too if there is none.</summary>
    /// <exception cref="IOException">The kernel does not tell.</exception>
    public int CountElements(string set)
    {
        int count = 0;
        Ask(GetElements, set);
        while (Next(out ReadOnlySpan<byte> datagram))
        {
            NftMessages messages = new(datagram);
            while (messages.MoveNext())
            {
                if (HasEnded(messages))
                {
                    return count;
                }

                count += messages.Current.CountElements();
            }
        }

        return count;
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static bool HasEnded(scoped NftMessages messages)
    {
        const int NoSuchEntry = 2; // ENOENT
        return messages.Error is 0 or NoSuchEntry
            ? messages.IsEnd
            : throw new IOException($"the rules of the table cannot be counted: errno {messages.Error} (CAP_NET_ADMIN is needed)");
    }

    private void Ask(int type, string? set)
    {
        Span<byte> request = stackalloc byte[HeaderLength + (2 * (4 + 256))];
        request.Clear();
        int length = Append(request, HeaderLength, 1, _table);
        length = set is null ? length : Append(request, length, 2, set);
        MemoryMarshal.Write(request, length);
        MemoryMarshal.Write(request[4..], (ushort)((10 << 8) | type)); // NFNL_SUBSYS_NFTABLES
        MemoryMarshal.Write(request[6..], (ushort)0x301); // NLM_F_REQUEST | NLM_F_DUMP
        request[16] = _family;
        int error = NetfilterSocket.Send(_socket, request[..length]);
        if (error != 0)
        {
            throw new IOException($"the rules of the table cannot be asked for: errno {error}");
        }
    }

    private static int Append(Span<byte> request, int start, ushort attribute, string text)
    {
        ushort length = (ushort)(4 + text.Length + 1);
        MemoryMarshal.Write(request[start..], length);
        MemoryMarshal.Write(request[(start + 2)..], attribute);
        Encoding.ASCII.GetBytes(text, request[(start + 4)..]);
        return start + ((length + 3) & ~3);
    }

    /// <summary>The kernel fills the next datagram while the one before is being taken, so that it is always there.</summary>
    private bool Next(out ReadOnlySpan<byte> datagram)
    {
        int length = NetfilterSocket.Receive(_socket, _buffer);
        datagram = _buffer.AsSpan(0, Math.Max(0, length));
        return length > 0 ? true : throw new IOException($"the rules of the table cannot be counted: errno {-length}");
    }
}

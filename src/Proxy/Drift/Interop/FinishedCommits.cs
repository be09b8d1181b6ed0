using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Drift.Interop;

/// <summary>
/// Tells the number of the last commit of nftables rules, and that it is finished. The kernel counts a commit before it
/// takes effect, so that the number alone can be that of one whose objects are only partly visible to a listing.
/// </summary>
internal sealed class FinishedCommits : IDisposable
{
    private const int MessageLength = 20; // struct nlmsghdr, struct nfgenmsg
    private const ushort BatchBegin = 0x10; // NFNL_MSG_BATCH_BEGIN of linux/netfilter/nfnetlink.h
    private const ushort BatchEnd = 0x11; // NFNL_MSG_BATCH_END
    private const byte NftablesSubsystem = 10; // NFNL_SUBSYS_NFTABLES

    private readonly GenerationQuery _query = new();
    private readonly SafeFileHandle _socket = NetfilterSocket.Open();

    /// <summary>
    /// The number of the last commit, which is finished; null if the kernel does not tell. A listing made between two
    /// equal answers shows one state of all rules.
    /// </summary>
    public uint? Last()
    {
        if (_query.Ask(out _) is not { } last)
        {
            return null;
        }

        // An empty transaction changes nothing and is not counted, but it waits until the one under way has ended.
        Span<byte> batch = stackalloc byte[2 * MessageLength];
        batch.Clear();
        Write(batch, BatchBegin);
        Write(batch[MessageLength..], BatchEnd);
        return NetfilterSocket.Send(_socket, batch) == 0 ? last.Number : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _query.Dispose();
        _socket.Dispose();
    }

    private static void Write(Span<byte> message, ushort type)
    {
        MemoryMarshal.Write(message, MessageLength);
        MemoryMarshal.Write(message[4..], type);
        MemoryMarshal.Write(message[6..], (ushort)1); // NLM_F_REQUEST
        message[19] = NftablesSubsystem; // res_id, big-endian
    }
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Drift.Interop;

/// <summary>Asks the kernel for the number of its last change of rules (NFT_MSG_GETGEN). Two system calls; safe for use by several threads.</summary>
internal sealed partial class GenerationQuery : IDisposable
{
    private const int RequestLength = 20; // struct nlmsghdr, struct nfgenmsg
    private const ushort GetGeneration = 0x0a10; // NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN

    private readonly SafeFileHandle _socket = NetfilterSocket.Open();
    private readonly Lock _lock = new();

    /// <summary>
    /// The last change, with the asking thread as its process, as the kernel numbers it; null and errno in
    /// <paramref name="error"/> if it does not tell (EPERM without CAP_NET_ADMIN).
    /// </summary>
    public Generation? Ask(out int error)
    {
        lock (_lock)
        {
            Span<byte> buffer = stackalloc byte[512];
            Span<byte> request = buffer[..RequestLength];
            request.Clear();
            MemoryMarshal.Write(request, RequestLength);
            MemoryMarshal.Write(request[4..], GetGeneration);
            MemoryMarshal.Write(request[6..], (ushort)1); // NLM_F_REQUEST
            error = NetfilterSocket.Send(_socket, request);
            if (error != 0)
            {
                return null;
            }

            // The answer is there already: the kernel handles a request while it is being sent.
            int length = NetfilterSocket.Receive(_socket, buffer);
            if (length < 0)
            {
                error = -length;
                return null;
            }

            NftMessages messages = new(buffer[..length]);
            if (messages.MoveNext() && messages.Current.IsGeneration)
            {
                return messages.Current.ReadGeneration();
            }

            // NLMSG_ERROR with a negated errno behind the header.
            error = length >= RequestLength ? -MemoryMarshal.Read<int>(buffer[16..]) : 0;
            return null;
        }
    }

    /// <summary>Whether the kernel numbers processes as this process sees them, which is not so inside a container.</summary>
    public bool SeesKernelsProcessNumbers() => Ask(out _) is { } answer && answer.Process == ThreadNumber();

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadNumber();
}

using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;

namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>Asks the kernel for the number of its last change of rules (NFT_MSG_GETGEN). Two system calls; safe for use by several threads.</summary>
internal sealed partial class GenerationQuery : IDisposable
{
    private const byte GetGeneration = 16; // NFT_MSG_GETGEN

    private readonly NetlinkConnection _kernel = new(NetlinkSocket.Open(), 512);
    private readonly Lock _lock = new();

    /// <summary>
    /// The last change, with the asking thread as its process, as the kernel numbers it; null and errno in
    /// <paramref name="error"/> if it does not answer (EPERM without CAP_NET_ADMIN).
    /// </summary>
    public Generation? Ask(out int error)
    {
        lock (_lock)
        {
            try
            {
                _kernel.Send(_kernel.Begin(NftMessage.TypeOf(GetGeneration)));
                bool isAnswered = _kernel.TryRead(out NetlinkMessage message);
                error = _kernel.Error;
                NftMessage answer = new(message);
                return isAnswered && answer.IsGeneration ? answer.ReadGeneration() : null;
            }
            catch (NetlinkException)
            {
                error = Errno.Protocol;
                return null;
            }
        }
    }

    /// <summary>Whether the kernel numbers processes as this process sees them, which is not so inside a container.</summary>
    public bool SeesKernelsProcessNumbers() => Ask(out _) is { } answer && answer.Process == ThreadNumber();

    /// <inheritdoc/>
    public void Dispose() => _kernel.Dispose();

    [LibraryImport("libc", EntryPoint = "gettid")]
    private static partial int ThreadNumber();
}

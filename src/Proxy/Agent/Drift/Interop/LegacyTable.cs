using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Agent.Drift.Interop;

/// <summary>Asks the kernel how large the tables of iptables-legacy are. One system call each, no rule is read.</summary>
internal static partial class LegacyTable
{
    /// <summary>How many numbers there are for a table.</summary>
    public const int Numbers = (InfoLength - NameLength) / sizeof(int);

    private const int NameLength = 32; // XT_TABLE_MAXNAMELEN
    private const int InfoLength = 84; // struct ipt_getinfo, struct ip6t_getinfo
    private const int GetInfo = 64; // IPT_SO_GET_INFO, IP6T_SO_GET_INFO
    private const int SocketRaw = 3; // SOCK_RAW
    private const int CloseOnExec = 0x80000; // SOCK_CLOEXEC
    private const int ProtocolRaw = 255; // IPPROTO_RAW

    /// <summary>Opens a socket in the network namespace of this thread; invalid, with errno, without CAP_NET_RAW.</summary>
    public static SafeFileHandle Open(bool isIPv6) => Socket(isIPv6 ? 10 : 2, SocketRaw | CloseOnExec, ProtocolRaw); // AF_INET6, AF_INET

    /// <summary>Hooks, number of entries and size of a table; zeros if there is none.</summary>
    /// <param name="socket">From <see cref="Open"/>.</param>
    /// <param name="isIPv6">The family.</param>
    /// <param name="table">The name of the table.</param>
    /// <param name="numbers">Receives them, <see cref="Numbers"/> of them.</param>
    public static void Read(SafeFileHandle socket, bool isIPv6, string table, Span<int> numbers)
    {
        Span<byte> info = stackalloc byte[InfoLength];
        info.Clear();
        Encoding.ASCII.GetBytes(table, info[..(NameLength - 1)]);
        int length = InfoLength;
        numbers.Clear();
        if (GetOption(socket, isIPv6 ? 41 : 0, GetInfo, info, ref length) == 0) // SOL_IPV6, SOL_IP
        {
            MemoryMarshal.Cast<byte, int>(info[NameLength..]).CopyTo(numbers);
        }
    }

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeFileHandle Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int GetOption(SafeFileHandle socket, int level, int name, Span<byte> value, ref int length);
}

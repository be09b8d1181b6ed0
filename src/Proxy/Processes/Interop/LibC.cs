using System.Runtime.InteropServices;

namespace KubeProxySharp.Proxy.Processes.Interop;

/// <summary>Calls of the C library that .NET has no name for.</summary>
internal static partial class LibC
{
    /// <summary>CLONE_NEWNET of linux/sched.h.</summary>
    public const int CloneNewNet = 0x40000000;

    /// <summary>Moves the calling thread into new namespaces; 0, or -1 and errno.</summary>
    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);
}

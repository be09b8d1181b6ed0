using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Host.Interop;

/// <summary>Functions of the C library that .NET does not wrap.</summary>
internal static partial class LibC
{
    /// <summary>CLONE_NEWNET of linux/sched.h.</summary>
    public const int CloneNewNet = 0x40000000;

    /// <summary>MFD_CLOEXEC and MFD_ALLOW_SEALING of linux/memfd.h.</summary>
    public const uint MemfdPrivateSealable = 0x1 | 0x2;

    /// <summary>F_ADD_SEALS of linux/fcntl.h.</summary>
    public const int AddSeals = 1033;

    /// <summary>F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW and F_SEAL_WRITE of linux/fcntl.h.</summary>
    public const int SealAll = 0x1 | 0x2 | 0x4 | 0x8;

    /// <summary>Moves the calling thread into new namespaces; 0, or -1 and errno.</summary>
    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);

    /// <summary>Makes a file that is only in memory; invalid, and errno, if it cannot be had.</summary>
    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial SafeFileHandle MemfdCreate(string name, uint flags);

    /// <summary>Changes a descriptor; -1 and errno on failure.</summary>
    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int Fcntl(SafeFileHandle file, int command, int argument);
}

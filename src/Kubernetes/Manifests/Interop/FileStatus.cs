using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Manifests.Interop;

/// <summary>The status of a file, from statx(2).</summary>
/// <param name="Mode">Type and permissions.</param>
/// <param name="Device">The device that holds it.</param>
/// <param name="Inode">Its inode number on the device.</param>
/// <param name="Size">Its size in bytes.</param>
/// <param name="Modified">When its content changed, in seconds and nanoseconds; can be set with utimensat(2).</param>
/// <param name="Changed">When content or metadata changed; cannot be set.</param>
public readonly record struct FileStatus(ushort Mode, ulong Device, ulong Inode, ulong Size, (long Seconds, uint Nanoseconds) Modified, (long Seconds, uint Nanoseconds) Changed)
{
    private const int TypeMask = 0xf000; // S_IFMT

    /// <summary>Whether it is a regular file.</summary>
    public bool IsRegular => (Mode & TypeMask) == 0x8000; // S_IFREG

    /// <summary>The type of the file, for messages.</summary>
    public string Kind => (Mode & TypeMask) switch
    {
        0x1000 => "FIFO",
        0x2000 or 0x6000 => "device",
        0x4000 => "directory",
        0xc000 => "socket",
        _ => "file",
    };

    /// <summary>Reads a <c>struct statx</c>.</summary>
    internal static FileStatus Read(ReadOnlySpan<byte> status) => new(
        MemoryMarshal.Read<ushort>(status[28..]),
        MemoryMarshal.Read<ulong>(status[136..]),
        MemoryMarshal.Read<ulong>(status[32..]),
        MemoryMarshal.Read<ulong>(status[40..]),
        (MemoryMarshal.Read<long>(status[112..]), MemoryMarshal.Read<uint>(status[120..])),
        (MemoryMarshal.Read<long>(status[96..]), MemoryMarshal.Read<uint>(status[104..])));
}

using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Kubernetes.Manifests.Interop;

/// <summary>Opens regular files only, and never blocks on a FIFO or a device.</summary>
public static partial class RegularFile
{
    private const int NoEntry = 2; // ENOENT
    private const int NoDeviceOrAddress = 6; // ENXIO: a socket
    private const int NotPermitted = 13; // EACCES
    private const int OpenNonBlocking = 0x80800; // O_RDONLY | O_NONBLOCK | O_CLOEXEC
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint BasicStatus = 0x7ff; // STATX_BASIC_STATS
    private const int StatusLength = 256; // sizeof(struct statx)

    /// <summary>Opens a file; links are followed.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">The type of a file that is not opened: <c>FIFO</c>, <c>socket</c>, <c>device</c> or <c>directory</c>.</param>
    /// <returns>The file; null if it is not a regular one.</returns>
    /// <exception cref="IOException">It cannot be opened; the message names it.</exception>
    public static FileStream? TryOpen(string path, out string kind)
    {
        // Checked on the open file, so that the file cannot be replaced between the check and the open.
        SafeFileHandle handle = OpenNative(path, OpenNonBlocking);
        if (handle.IsInvalid)
        {
            int error = Marshal.GetLastPInvokeError();
            handle.Dispose();
            kind = "socket";
            return error == NoDeviceOrAddress ? null : throw new IOException($"{path}: {Reason(error)}");
        }

        FileStatus status = StatusOf(handle, path);
        kind = status.Kind;
        if (status.IsRegular)
        {
            return new FileStream(handle, FileAccess.Read, bufferSize: 1);
        }

        handle.Dispose();
        return null;
    }

    /// <summary>The status of a file without opening it; links are followed.</summary>
    /// <returns>The status, or null and why.</returns>
    public static FileStatus? Status(string path, out string error)
    {
        Span<byte> buffer = stackalloc byte[StatusLength];
        if (StatusNative(CurrentDirectory, path, 0, BasicStatus, buffer) == 0)
        {
            error = "";
            return FileStatus.Read(buffer);
        }

        error = Reason(Marshal.GetLastPInvokeError());
        return null;
    }

    private static FileStatus StatusOf(SafeFileHandle handle, string path)
    {
        Span<byte> buffer = stackalloc byte[StatusLength];
        return StatusNative(handle, "", EmptyPath, BasicStatus, buffer) == 0
            ? FileStatus.Read(buffer)
            : throw new IOException($"{path}: {Reason(Marshal.GetLastPInvokeError())}");
    }

    private static string Reason(int error) => error switch
    {
        NoEntry => "no such file or directory",
        NotPermitted => "permission denied",
        _ => new Win32Exception(error).Message,
    };

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle OpenNative(string path, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusNative(int directory, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int StatusNative(SafeFileHandle file, string path, int flags, uint mask, Span<byte> status);
}

using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Proxy.Host.Interop;

/// <summary>Waits for a descriptor, and can be woken from another thread.</summary>
internal sealed partial class NetlinkWait : IDisposable
{
    private const int CloseOnExec = 0x80000; // EFD_CLOEXEC
    private const int NonBlocking = 0x800; // EFD_NONBLOCK
    private const short PollIn = 1; // POLLIN

    private readonly SafeFileHandle _event = EventDescriptor(0, CloseOnExec | NonBlocking);

    /// <summary>Ends the wait that goes on, or else the next one.</summary>
    public void Wake()
    {
        ulong one = 1;
        _ = Write(_event, one, sizeof(ulong));
    }

    /// <summary>Waits until the descriptor is readable, another thread wakes it, a signal arrives or the time is over.</summary>
    /// <param name="handle">The descriptor; null waits for the others only.</param>
    /// <param name="events">What to wait for, as poll(2) has it.</param>
    /// <param name="limit">The longest wait; null for none.</param>
    public void Wait(SafeHandle? handle, short events, TimeSpan? limit)
    {
        bool isHeld = false;
        try
        {
            handle?.DangerousAddRef(ref isHeld);
            Span<Descriptor> descriptors =
            [
                new() { Number = (int)_event.DangerousGetHandle(), Wanted = PollIn },
                new() { Number = handle is null ? -1 : (int)handle.DangerousGetHandle(), Wanted = events },
            ];
            int milliseconds = limit is { } time ? (int)Math.Clamp(Math.Ceiling(time.TotalMilliseconds), 0, int.MaxValue) : -1;
            _ = Poll(descriptors, (nuint)descriptors.Length, milliseconds);
            if ((descriptors[0].Found & PollIn) != 0)
            {
                _ = Read(_event, out _, sizeof(ulong));
            }
        }
        finally
        {
            if (isHeld)
            {
                handle!.DangerousRelease();
            }
        }
    }

    /// <summary>Waits for something to read.</summary>
    public void WaitToRead(SafeHandle? handle) => Wait(handle, PollIn, null);

    /// <inheritdoc/>
    public void Dispose() => _event.Dispose();

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial SafeFileHandle EventDescriptor(uint initial, int flags);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint Write(SafeFileHandle handle, in ulong value, nint length);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint Read(SafeFileHandle handle, out ulong value, nint length);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll(Span<Descriptor> descriptors, nuint count, int milliseconds);

    /// <summary>struct pollfd of poll.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Descriptor
    {
        public int Number;
        public short Wanted;
        public short Found;
    }
}

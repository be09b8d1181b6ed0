using System.Runtime.InteropServices;

namespace KubeProxySharp.Conntrack.Interop;

/// <summary><c>struct pollfd</c> of asm-generic/poll.h.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PollDescriptor
{
    public int FileDescriptor;
    public short Events;
    public short Returned;
}

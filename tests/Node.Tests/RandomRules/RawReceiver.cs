using System.Net.Sockets;
using System.Runtime.InteropServices;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>
/// Receives from raw sockets of IPv6, which leave out the header of a packet, with the addresses that the header had (ipv6(7),
/// IPV6_RECVPKTINFO). The framework does so for sockets of datagrams only.
/// </summary>
internal static unsafe partial class RawReceiver
{
    private const int LevelIPv6 = 41; // SOL_IPV6
    private const int ReceivePacketInformation = 49; // IPV6_RECVPKTINFO of linux/in6.h
    private const int PacketInformation = 50; // IPV6_PKTINFO
    private const int DoNotWait = 0x40; // MSG_DONTWAIT
    private const int AddressOffset = 8; // of sockaddr_in6
    private const int ControlHeader = 16; // of cmsghdr where pointers have 64 bits

    /// <summary>Asks for the addresses of the packets.</summary>
    public static void Prepare(Socket socket) => socket.SetRawSocketOption(LevelIPv6, ReceivePacketInformation, BitConverter.GetBytes(1));

    /// <summary>Receives a packet without waiting.</summary>
    /// <returns>The number of bytes; negative if there is none.</returns>
    public static int Receive(Socket socket, Span<byte> buffer, out IpAddress source, out IpAddress destination)
    {
        byte* name = stackalloc byte[28];
        byte* control = stackalloc byte[128];
        fixed (byte* bytes = buffer)
        {
            Vector vector = new() { Base = bytes, Length = (nuint)buffer.Length };
            Message message = new() { Name = name, NameLength = 28, Vectors = &vector, VectorCount = 1, Control = control, ControlLength = 128 };
            int length = (int)ReceiveMessage((int)socket.Handle, &message, DoNotWait);
            source = length < 0 ? default : IpAddress.FromBytes(new ReadOnlySpan<byte>(name + AddressOffset, 16));
            bool hasDestination = length >= 0 && message.ControlLength >= ControlHeader + 16 && *(int*)(control + 8) == LevelIPv6 && *(int*)(control + 12) == PacketInformation;
            destination = hasDestination ? IpAddress.FromBytes(new ReadOnlySpan<byte>(control + ControlHeader, 16)) : default;
            return length;
        }
    }

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint ReceiveMessage(int socket, Message* message, int flags);

    [StructLayout(LayoutKind.Sequential)]
    private struct Vector
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Message
    {
        public byte* Name;
        public uint NameLength;
        public Vector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }
}

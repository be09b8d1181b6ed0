using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Wire;
using Microsoft.Win32.SafeHandles;

namespace KubeProxySharp.Conntrack.Tests.Netlink;

/// <summary>
/// Answers the requests of a table as a test wants, at the other end of socket pairs that keep messages apart as netlink
/// does. So it can be interrupted, refuse, and say what real kernels say only in bad moments.
/// </summary>
internal sealed partial class FakeKernel : IDisposable
{
    private const int AddressFamilyUnix = 1; // AF_UNIX
    private const int SocketSequencedPackets = 5; // SOCK_SEQPACKET

    private readonly Func<FakeRequest, IEnumerable<byte[]>> _answer;
    private readonly List<Socket> _sockets = [];
    private readonly List<FakeRequest> _requests = [];

    /// <summary>Begins to answer.</summary>
    /// <param name="answer">The datagrams that answer a request.</param>
    public FakeKernel(Func<FakeRequest, IEnumerable<byte[]>> answer)
    {
        _answer = answer;
        Table = new(Connect(), Connect());
    }

    /// <summary>A table that takes this for the kernel.</summary>
    public ConntrackTable Table { get; }

    /// <summary>What was asked so far.</summary>
    public IReadOnlyList<FakeRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>A datagram of one message.</summary>
    public static byte[] Message(ushort type, uint sequence, ReadOnlySpan<byte> payload, ushort flags = 2)
    {
        byte[] message = new byte[NetlinkHeader.Align(NetlinkHeader.Length + payload.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)(NetlinkHeader.Length + payload.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(4), type);
        BinaryPrimitives.WriteUInt16LittleEndian(message.AsSpan(6), flags);
        BinaryPrimitives.WriteUInt32LittleEndian(message.AsSpan(8), sequence);
        payload.CopyTo(message.AsSpan(NetlinkHeader.Length));
        return message;
    }

    /// <summary>A flow.</summary>
    public static byte[] Flow(FakeRequest request, byte[] payload, ushort flags = 2) => Message(MessageType.New, request.Sequence, payload, flags);

    /// <summary>The end of a listing.</summary>
    public static byte[] Done(FakeRequest request, int error = 0) => Message(NetlinkHeader.Done, request.Sequence, BitConverter.GetBytes(-error));

    /// <summary>A refusal, or with 0 an acknowledgement.</summary>
    public static byte[] Error(FakeRequest request, int error) => Message(NetlinkHeader.Error, request.Sequence, [.. BitConverter.GetBytes(-error), .. new byte[16]]);

    /// <summary>Sends a datagram that nobody asked for to the socket that <see cref="Connect"/> made last.</summary>
    public void Push(byte[] datagram) => _sockets[^1].Send(datagram);

    public void Dispose()
    {
        Table.Dispose();
        _sockets.ForEach(socket => socket.Dispose());
    }

    /// <summary>A socket at whose other end this is.</summary>
    public NetlinkSocket Connect()
    {
        Span<int> ends = stackalloc int[2];
        SocketPair(AddressFamilyUnix, SocketSequencedPackets, 0, ends).Should().Be(0);
        Socket kernel = new(new SafeSocketHandle(ends[1], ownsHandle: true));
        _sockets.Add(kernel);
        new Thread(() => Serve(kernel)) { IsBackground = true, Name = "fake kernel" }.Start();
        return NetlinkSocket.FromHandle(new SafeFileHandle(ends[0], ownsHandle: true), TimeSpan.FromSeconds(1));
    }

    private void Serve(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (socket.Receive(buffer) is > 0 and int length)
            {
                FakeRequest request = new(buffer[..length]);
                lock (_requests)
                {
                    _requests.Add(request);
                }

                foreach (byte[] datagram in _answer(request))
                {
                    socket.Send(datagram);
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, Span<int> ends);
}

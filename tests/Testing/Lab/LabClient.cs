using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KubeProxySharp.Testing.Lab;

/// <summary>The source of connections: a host and, if it has several, one of its addresses.</summary>
/// <param name="Host">The host.</param>
/// <param name="Address">The source address; null leaves the choice to the kernel's routing.</param>
public sealed record LabClient(LabHost Host, IPAddress? Address)
{
    private const int TcpInfo = 11; // TCP_INFO of linux/tcp.h
    private const int TotalRetransmissions = 100; // offset of tcpi_total_retrans in struct tcp_info

    /// <summary>How long to wait for an expected answer; the whole time passes only when the test fails.</summary>
    public static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(15);

    /// <summary>How long to wait when no answer is expected. Shorter than the second after which TCP retransmits.</summary>
    public static readonly TimeSpan DropTimeout = TimeSpan.FromMilliseconds(800);

    /// <summary>Makes one connection, or sends one datagram, and reads the answer.</summary>
    public async Task<Answer> DialAsync(ProtocolType protocol, IPEndPoint destination, TimeSpan patience)
    {
        using CancellationTokenSource deadline = new(patience);
        using Socket socket = Host.Inside(() => Open(protocol, destination.AddressFamily));
        byte[] buffer = new byte[256];
        bool isConnected = false;
        try
        {
            await socket.ConnectAsync(destination, deadline.Token);
            isConnected = protocol == ProtocolType.Tcp;
            if (isConnected && Retransmissions(socket) != 0)
            {
                return Answer.Late;
            }

            if (protocol == ProtocolType.Udp)
            {
                await SendAsync(socket, deadline.Token);
            }

            int length = await socket.ReceiveAsync(buffer, deadline.Token);
            return Answer.Parse(Encoding.ASCII.GetString(buffer, 0, length));
        }
        catch (OperationCanceledException)
        {
            return isConnected ? Answer.Broken : Answer.Dropped;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.TimedOut)
        {
            return isConnected ? Answer.Broken : Answer.Dropped;
        }
        catch (SocketException)
        {
            return isConnected ? Answer.Broken : Answer.Refused;
        }
    }

    private static uint Retransmissions(Socket socket)
    {
        Span<byte> information = stackalloc byte[TotalRetransmissions + sizeof(uint)];
        return socket.GetRawSocketOption((int)ProtocolType.Tcp, TcpInfo, information) == information.Length
            ? BitConverter.ToUInt32(information[TotalRetransmissions..])
            : throw new InvalidOperationException("the kernel gives no TCP_INFO");
    }

    private static async Task SendAsync(Socket socket, CancellationToken cancellation)
    {
        try
        {
            await socket.SendAsync("?"u8.ToArray(), cancellation);
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AccessDenied)
        {
            // EPERM: the node does not let its own packet out. What it says of it, if anything, is read next.
        }
    }

    private Socket Open(ProtocolType protocol, AddressFamily family)
    {
        Socket socket = new(family, protocol == ProtocolType.Tcp ? SocketType.Stream : SocketType.Dgram, protocol);
        if (Address is not null)
        {
            socket.Bind(new IPEndPoint(Address, 0));
        }

        return socket;
    }
}

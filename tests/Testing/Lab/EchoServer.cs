using System.Net;
using System.Net.Sockets;
using System.Text;

namespace KubeProxySharp.Testing.Lab;

/// <summary>Sends every client, over TCP and UDP, the server's name and the source address that it sees.</summary>
public sealed class EchoServer : IDisposable
{
    private readonly string _name;
    private readonly Socket _listener;
    private readonly Socket _datagrams;
    private readonly Task _loops;

    private EchoServer(string name, Socket listener, Socket datagrams)
    {
        _name = name;
        _listener = listener;
        _datagrams = datagrams;
        _loops = Task.WhenAll(Task.Run(AcceptAsync), Task.Run(ReceiveAsync));
    }

    /// <summary>Starts a server in a host.</summary>
    /// <param name="host">Where its sockets are.</param>
    /// <param name="name">What it calls itself.</param>
    /// <param name="address">One of the host's addresses.</param>
    /// <param name="port">The port, of TCP and UDP.</param>
    public static EchoServer Start(LabHost host, string name, IPAddress address, int port) => host.Inside(() =>
    {
        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        Socket datagrams = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            listener.Bind(new IPEndPoint(address, port));
            listener.Listen(1024);
            datagrams.Bind(new IPEndPoint(address, port));
            return new EchoServer(name, listener, datagrams);
        }
        catch
        {
            listener.Dispose();
            datagrams.Dispose();
            throw;
        }
    });

    /// <summary>Closes its ports: from now on the host refuses.</summary>
    public void Dispose()
    {
        _listener.Dispose();
        _datagrams.Dispose();
        _loops.GetAwaiter().GetResult();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                Socket client = await _listener.AcceptAsync();
                _ = TellAsync(client);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The server was closed.
        }
    }

    private async Task TellAsync(Socket client)
    {
        using (client)
        {
            try
            {
                await client.SendAsync(Line((IPEndPoint)client.RemoteEndPoint!));
                while (await client.ReceiveAsync(new byte[64]) > 0)
                {
                    // Until the client closes: its side keeps the port in TIME_WAIT, not this one.
                }
            }
            catch (SocketException)
            {
                // The client went away; it has noticed itself.
            }
        }
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[512];
        IPEndPoint any = new(_datagrams.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);
        while (true)
        {
            try
            {
                SocketReceiveFromResult received = await _datagrams.ReceiveFromAsync(buffer, any);
                await _datagrams.SendToAsync(Line((IPEndPoint)received.RemoteEndPoint), received.RemoteEndPoint);
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionRefused or SocketError.ConnectionReset)
            {
                // An earlier client is gone.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private byte[] Line(IPEndPoint client) => Encoding.ASCII.GetBytes($"{_name} {client.Address}\n");
}

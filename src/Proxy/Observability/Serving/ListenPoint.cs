using System.Globalization;
using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>An address and port to listen on.</summary>
/// <param name="address">The address.</param>
/// <param name="port">The port; 0 lets the kernel choose.</param>
/// <param name="isDualStack">Whether an IPv6 socket accepts IPv4 connections too.</param>
internal sealed class ListenPoint(IPAddress address, int port, bool isDualStack) : IPEndPoint(address, port)
{
    public bool IsDualStack => isDualStack;

    /// <summary>
    /// Reads a bind address of the configuration. The unspecified address of either family listens on both when the host
    /// has IPv6 (spec 9.1).
    /// </summary>
    /// <param name="bindAddress"><c>host:port</c> or <c>[ipv6]:port</c>.</param>
    /// <exception cref="FormatException">The text is not an address and a port; validation refuses such a configuration.</exception>
    public static ListenPoint FromBindAddress(string bindAddress)
    {
        if (!HostPort.TrySplit(bindAddress, out string host, out string portText)
            || !ushort.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port)
            || !IpAddress.TryParse(host, out IpAddress address))
        {
            throw new FormatException($"cannot listen on \"{bindAddress}\": give an IP address and a port, such as 0.0.0.0:10256 or [::]:10256");
        }

        return address.IsUnspecified && Socket.OSSupportsIPv6
            ? new(IPAddress.IPv6Any, port, isDualStack: true)
            : Of(address, port);
    }

    /// <summary>A point of one family only.</summary>
    public static ListenPoint Of(IpAddress address, int port)
    {
        Span<byte> bytes = stackalloc byte[16];
        return new(new IPAddress(bytes[..address.WriteBytes(bytes)]), port, isDualStack: false);
    }

    /// <summary>Opens a listening socket.</summary>
    /// <param name="backlog">The most connections that the kernel queues until they are accepted.</param>
    /// <exception cref="SocketException">The address is in use, not an address of this host, or of an unsupported family.</exception>
    public Socket Listen(int backlog)
    {
        Socket socket = new(AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = IsDualStack;
            }

            socket.Bind(this);
            socket.Listen(backlog);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}

using System.Net;
using System.Net.Sockets;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Routes;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>Which address of the node a packet gets when it leaves: asked of the kernel on a live node, else the node's own.</summary>
/// <param name="isLive">Whether the node is the one that the program runs on.</param>
/// <param name="usual">The node's own addresses, the usual ones first.</param>
/// <param name="network">Its interfaces and routes; null if they are not known.</param>
internal sealed class NodeRoute(bool isLive, IReadOnlyCollection<IpAddress> usual, NodeNetwork? network = null)
{
    /// <summary>The most addresses that are named besides the usual one.</summary>
    private const int MostNamed = 3;

    /// <summary>The source of a masqueraded packet; null if it is not known.</summary>
    /// <param name="packet">The packet as it is routed.</param>
    public IpAddress? MasqueradeTo(RouteQuery packet) => Masquerade(packet) is { Address: { } address } ? address : SourceTo(packet.Destination);

    /// <summary>How sure that is; empty for one that the routes give.</summary>
    /// <param name="packet">The packet as it is routed.</param>
    public string MasqueradeDoubt(RouteQuery packet) => Masquerade(packet) switch
    {
        { Address: not null, Others.Count: 0 } => "",
        { Address: not null } choice => $"or another address of the interface that it leaves by: {string.Join(", ", choice.Others)}",
        null when isLive && Ask(packet.Destination) is not null => "",
        _ => Doubt(packet.Destination),
    };

    /// <summary>The source of a packet that the node makes; null if it is not known.</summary>
    public IpAddress? SourceTo(IpAddress destination) =>
        network is not null && SourceChoice.OfNode(network, network.Find(new(destination, null, null)), destination) is { Address: { } address } ? address : SourceWithoutRoutes(destination);

    private SourceChoice? Masquerade(RouteQuery packet) => network is null ? null : SourceChoice.OfMasquerade(network, network.Find(packet), packet.Destination);

    private IpAddress? SourceWithoutRoutes(IpAddress destination) => isLive && Ask(destination) is { } asked ? asked : Usual(destination.Family);

    /// <summary>The address as a remark, with how sure it is; empty for one that the kernel named.</summary>
    private string Doubt(IpAddress destination)
    {
        if (network is null && isLive && Ask(destination) is not null)
        {
            return "";
        }

        IpAddress[] own = [.. Own(destination.Family).Take(MostNamed + 2)];
        return own.Length switch
        {
            0 => "the address of the interface that the packet leaves by",
            1 => "or another of the node's addresses, if the packet leaves by a bridge or an overlay: that of the interface it leaves by",
            _ => $"or {string.Join(" or ", own[1..].Take(MostNamed))}{(network is null || own.Length > MostNamed + 1 ? ", or another of the node's if the packet leaves by a bridge or an overlay" : "")}: that of the interface it leaves by",
        };
    }

    private IpAddress? Usual(IpFamily family)
    {
        foreach (IpAddress address in Own(family))
        {
            return address;
        }

        return null;
    }

    private IEnumerable<IpAddress> Own(IpFamily family) => usual.Where(address => address.Family == family && !address.IsLoopback && !address.IsIPv6LinkLocal);

    /// <summary>Connecting a datagram socket sends nothing; the kernel only looks up the route.</summary>
    private static IpAddress? Ask(IpAddress destination)
    {
        Span<byte> bytes = stackalloc byte[16];
        IPAddress address = new(bytes[..destination.WriteBytes(bytes)]);
        try
        {
            using Socket socket = new(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(address, 9);
            return socket.LocalEndPoint is IPEndPoint local ? IpAddress.FromBytes(local.Address.GetAddressBytes()) : null;
        }
        catch (SocketException)
        {
            // No route: nothing is known.
            return null;
        }
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>
/// A client, a node that routes, and the rest of the world, which takes packets to any address and never answers. Packets are
/// made by hand and seen by raw sockets, so that nothing but the rules under test decides what becomes of them.
/// </summary>
internal sealed class RouterLab : IDisposable
{
    public const string ClientInterface = "c0";
    public const string WorldInterface = "w0";

    /// <summary>The addresses of the node.</summary>
    public static readonly IpAddress[] NodeAddresses = [IpAddress.Parse("10.9.1.1"), IpAddress.Parse("10.9.2.1"), IpAddress.Parse("127.0.0.1")];

    /// <summary>The address that masquerading gives to packets to the world.</summary>
    public static readonly IpAddress Outgoing = NodeAddresses[1];

    private readonly LabNamespace _client = LabNamespace.Create("client");
    private readonly LabNamespace _node = LabNamespace.Create("router");
    private readonly LabNamespace _world = LabNamespace.Create("world");
    private readonly Socket _clientSender;
    private readonly Socket _nodeSender;
    private readonly List<(Place Place, Socket Socket)> _listeners = [];
    private readonly byte[] _buffer = new byte[2048];

    public RouterLab()
    {
        try
        {
            _node.Connect(ClientInterface, _client, "eth0");
            _node.Connect(WorldInterface, _world, "eth0");
            foreach (LabNamespace place in (LabNamespace[])[_client, _node, _world])
            {
                place.Run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0".Replace("eth0", place == _node ? ClientInterface : "eth0", StringComparison.Ordinal),
                    "net.ipv4.conf.all.accept_local=1", "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_ratemask=0", "net.ipv6.conf.all.disable_ipv6=1");
            }

            _node.Run("sysctl", "-qw", $"net.ipv4.conf.{WorldInterface}.rp_filter=0", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", $"net.ipv4.conf.{ClientInterface}.send_redirects=0");
            _client.RunWith("addr add 10.9.1.2/24 dev eth0\nroute add default via 10.9.1.1\nroute add local 203.0.113.0/24 dev lo\nroute add local 10.9.1.0/25 dev lo table 100\nrule add to 10.9.1.8/29 lookup 100 pref 1\n", "ip", "-b", "-");
            _node.RunWith("addr add 10.9.1.1/24 dev c0\naddr add 10.9.2.1/24 dev w0\nroute add 203.0.113.0/24 via 10.9.1.2\nroute add default via 10.9.2.2\n", "ip", "-b", "-");
            _world.RunWith("addr add 10.9.2.2/24 dev eth0\nroute add local 0.0.0.0/0 dev lo\n", "ip", "-b", "-");
            _world.RunWith("table ip silent {\n chain output {\n  type filter hook output priority filter; policy drop;\n }\n}\n", "nft", "-f", "-");
            _clientSender = Sender(_client);
            _nodeSender = Sender(_node);
            Listen(Place.World, _world, ProtocolType.Tcp, ProtocolType.Udp);
            Listen(Place.Node, _node, ProtocolType.Tcp, ProtocolType.Udp, ProtocolType.Icmp);
            Listen(Place.Client, _client, ProtocolType.Tcp, ProtocolType.Icmp);

            // Neighbours are known, so that no packet waits for one.
            _client.Run("ip", "neigh", "replace", "10.9.1.1", "dev", "eth0", "lladdr", LinkAddress(_node, ClientInterface));
            _node.Run("ip", "neigh", "replace", "10.9.1.2", "dev", ClientInterface, "lladdr", LinkAddress(_client, "eth0"));
            _node.Run("ip", "neigh", "replace", "10.9.2.2", "dev", WorldInterface, "lladdr", LinkAddress(_world, "eth0"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Runs a tool on the node.</summary>
    public string OnNode(string input, string tool, params string[] arguments) => _node.RunWith(input, tool, arguments);

    /// <summary>Sends packets, and says what became of each.</summary>
    public Dictionary<ushort, Fate> Send(IReadOnlyList<ProbePacket> packets, TimeSpan quiet)
    {
        Dictionary<ushort, Fate> fates = [];
        foreach (ProbePacket packet in packets)
        {
            byte[] bytes = packet.ToBytes();
            try
            {
                (packet.IsFromNode ? _nodeSender : _clientSender).SendTo(bytes, SocketFlags.None, new IPEndPoint(new IPAddress(bytes.AsSpan(16, 4)), 0));
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.AccessDenied or SocketError.ConnectionRefused or SocketError.HostUnreachable or SocketError.NetworkUnreachable)
            {
                // The node does not let its own packet out. What it says of it, if anything, is received below.
            }
        }

        // What the last packet becomes is known when nothing has come for a while.
        Stopwatch silence = Stopwatch.StartNew();
        while (silence.Elapsed < quiet)
        {
            if (ReceiveAll(fates))
            {
                silence.Restart();
            }
            else if (quiet - silence.Elapsed is { Ticks: > 0 } left)
            {
                Socket.Select(_listeners.ConvertAll(static listener => listener.Socket), null, null, (int)left.TotalMicroseconds);
            }
        }

        return fates;
    }

    public void Dispose()
    {
        _clientSender?.Dispose();
        _nodeSender?.Dispose();
        foreach ((_, Socket socket) in _listeners)
        {
            socket.Dispose();
        }

        _world.Dispose();
        _node.Dispose();
        _client.Dispose();
    }

    private static string LinkAddress(LabNamespace place, string link) => place.Run("ip", "-br", "link", "show", link).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2];

    private static Socket Sender(LabNamespace place) => place.Inside(() =>
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        return socket;
    });

    private void Listen(Place place, LabNamespace at, params ProtocolType[] protocols)
    {
        foreach (ProtocolType protocol in protocols)
        {
            _listeners.Add((place, at.Inside(() =>
            {
                Socket socket = new(AddressFamily.InterNetwork, SocketType.Raw, protocol) { Blocking = false, ReceiveBufferSize = 4 << 20 };
                socket.Bind(new IPEndPoint(IPAddress.Any, 0));
                return socket;
            })));
        }
    }

    private bool ReceiveAll(Dictionary<ushort, Fate> fates)
    {
        bool hasReceived = false;
        foreach ((Place place, Socket socket) in _listeners)
        {
            while (socket.Available > 0)
            {
                int length = socket.Receive(_buffer, SocketFlags.None, out SocketError error);
                if (error != SocketError.Success)
                {
                    break;
                }

                hasReceived = true;
                if (Fate.Read(place, _buffer.AsSpan(0, length)) is var (number, fate) && (!fates.TryGetValue(number, out Fate known) || fate.Outranks(known)))
                {
                    fates[number] = fate;
                }
            }
        }

        return hasReceived;
    }
}

/// <summary>Where a packet was seen.</summary>
internal enum Place : byte
{
    World,
    Node,
    Client,
}

/// <summary>The first packet of a connection, with a number by which it is known again.</summary>
internal sealed record ProbePacket(ushort Number, bool IsFromNode, TransportProtocol Protocol, IpAddress Source, IpAddress Destination, ushort SourcePort, ushort DestinationPort)
{
    public byte[] ToBytes()
    {
        bool isTcp = Protocol == TransportProtocol.Tcp;
        byte[] bytes = new byte[20 + (isTcp ? 20 : 16)];
        Span<byte> ip = bytes;
        ip[0] = 0x45;
        BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)bytes.Length);
        BinaryPrimitives.WriteUInt16BigEndian(ip[4..], Number);
        ip[8] = 64;
        ip[9] = (byte)Protocol;
        BinaryPrimitives.WriteUInt32BigEndian(ip[12..], Source.ToIPv4Bits());
        BinaryPrimitives.WriteUInt32BigEndian(ip[16..], Destination.ToIPv4Bits());
        BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20], 0));
        Span<byte> inner = ip[20..];
        BinaryPrimitives.WriteUInt16BigEndian(inner, SourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(inner[2..], DestinationPort);
        if (isTcp)
        {
            BinaryPrimitives.WriteUInt32BigEndian(inner[4..], Number);
            inner[12] = 5 << 4;
            inner[13] = 2;
            BinaryPrimitives.WriteUInt16BigEndian(inner[14..], 65535);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(inner[4..], (ushort)inner.Length);
        }

        uint pseudo = (uint)Protocol + (uint)inner.Length;
        for (int index = 12; index < 20; index += 2)
        {
            pseudo += BinaryPrimitives.ReadUInt16BigEndian(ip[index..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(inner[(isTcp ? 16 : 6)..], Checksum(inner, pseudo));
        return bytes;
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes, uint start)
    {
        uint sum = start;
        for (int index = 0; index < bytes.Length; index += 2)
        {
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[index..]);
        }

        while (sum >> 16 != 0)
        {
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return (ushort)~sum;
    }
}

/// <summary>What became of a packet; the default is that nothing was seen of it.</summary>
/// <param name="Kind">Delivered to the world or the node, reset, or the code of an ICMP error.</param>
/// <param name="Source">The source that the receiver saw.</param>
/// <param name="Destination">The destination.</param>
internal readonly record struct Fate(FateKind Kind, int Code, EndpointAddress Source, EndpointAddress Destination)
{
    private const byte Icmp = 1;
    private const byte Unreachable = 3;
    private const byte ResetFlag = 4;

    /// <summary>Where it was delivered says more than an answer to it, which the receiver's system may have sent.</summary>
    public bool Outranks(Fate other) => Kind > other.Kind;

    /// <summary>Reads a packet that a raw socket saw; null if it has nothing to do with a probe.</summary>
    public static (ushort Number, Fate Fate)? Read(Place place, ReadOnlySpan<byte> packet)
    {
        int header = (packet[0] & 15) * 4;
        byte protocol = packet[9];
        ReadOnlySpan<byte> inner = packet[header..];
        ushort number = BinaryPrimitives.ReadUInt16BigEndian(packet[4..]);
        if (protocol == Icmp)
        {
            return inner[0] != Unreachable ? null : (BinaryPrimitives.ReadUInt16BigEndian(inner[12..]), new(FateKind.Refused, inner[1], default, default));
        }

        bool isTcp = protocol == (byte)TransportProtocol.Tcp;
        if (isTcp && (inner[13] & ResetFlag) != 0)
        {
            return ((ushort)(BinaryPrimitives.ReadUInt32BigEndian(inner[8..]) - 1), new(FateKind.Reset, 0, default, default));
        }

        if (place == Place.Client || (isTcp && BinaryPrimitives.ReadUInt32BigEndian(inner[4..]) != number))
        {
            return null;
        }

        EndpointAddress source = new(IpAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(packet[12..])), BinaryPrimitives.ReadUInt16BigEndian(inner));
        EndpointAddress destination = new(IpAddress.FromIPv4(BinaryPrimitives.ReadUInt32BigEndian(packet[16..])), BinaryPrimitives.ReadUInt16BigEndian(inner[2..]));
        return (number, new(place == Place.World ? FateKind.ToWorld : FateKind.ToNode, 0, source, destination));
    }

    public override string ToString() => Kind switch
    {
        FateKind.Dropped => "dropped",
        FateKind.Refused => $"refused with ICMP code {Code}",
        FateKind.Reset => "reset",
        _ => $"{Kind} {Destination} from {Source}",
    };
}

/// <summary>The ends of a packet, those that say more last.</summary>
internal enum FateKind : byte
{
    Dropped,
    Refused,
    Reset,
    ToNode,
    ToWorld,
}

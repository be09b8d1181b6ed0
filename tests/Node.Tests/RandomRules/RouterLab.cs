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

    /// <summary>The addresses of the node, of both families.</summary>
    public static readonly IpAddress[] NodeAddresses =
    [
        IpAddress.Parse("10.9.1.1"), IpAddress.Parse("10.9.2.1"), IpAddress.Parse("127.0.0.1"),
        LabFamily.Address("10.9.1.1", IpFamily.IPv6), LabFamily.Address("10.9.2.1", IpFamily.IPv6), IpAddress.Parse("::1"),
    ];

    private readonly LabNamespace _client = LabNamespace.Create("client");
    private readonly LabNamespace _node = LabNamespace.Create("router");
    private readonly LabNamespace _world = LabNamespace.Create("world");
    private readonly IpFamily _family;
    private readonly Socket _clientSender;
    private readonly Socket _nodeSender;
    private readonly List<(Place Place, Socket Socket)> _listeners = [];
    private readonly byte[] _buffer = new byte[2048];

    /// <summary>Makes the router and the hosts around it.</summary>
    /// <param name="family">The family of the packets.</param>
    public RouterLab(IpFamily family = IpFamily.IPv4)
    {
        _family = family;
        try
        {
            _node.Connect(ClientInterface, _client, "eth0");
            _node.Connect(WorldInterface, _world, "eth0");
            foreach ((LabNamespace place, string[] links) in (IEnumerable<(LabNamespace, string[])>)[(_client, ["eth0"]), (_node, [ClientInterface, WorldInterface]), (_world, ["eth0"])])
            {
                place.Run("sysctl", ["-qw", .. family == IpFamily.IPv4 ? Settings4(links) : Settings6]);
            }

            string[] forwarding = family == IpFamily.IPv4
                ? ["net.ipv4.ip_forward=1", "net.ipv4.conf.all.send_redirects=0", $"net.ipv4.conf.{ClientInterface}.send_redirects=0"]
                : ["net.ipv6.conf.all.forwarding=1"];
            _node.Run("sysctl", ["-qw", .. forwarding]);
            string all = LabFamily.Prefix("0.0.0.0/0", family);
            Address(_client, "addr add 10.9.1.2/24 dev eth0\nroute add default via 10.9.1.1\nroute add local 203.0.113.0/24 dev lo\nroute add local 10.9.1.0/25 dev lo table 100\nrule add to 10.9.1.8/29 lookup 100 pref 1\n");
            Address(_node, "addr add 10.9.1.1/24 dev c0\naddr add 10.9.2.1/24 dev w0\nroute add 203.0.113.0/24 via 10.9.1.2\nroute add default via 10.9.2.2\n");
            Address(_world, $"addr add 10.9.2.2/24 dev eth0\nroute add local {all} dev lo\n");
            _world.RunWith("table inet silent {\n chain output {\n  type filter hook output priority filter; policy drop;\n }\n}\n", "nft", "-f", "-");
            _clientSender = Sender(_client);
            _nodeSender = Sender(_node);
            ProtocolType errors = family == IpFamily.IPv4 ? ProtocolType.Icmp : ProtocolType.IcmpV6;
            Listen(Place.World, _world, ProtocolType.Tcp, ProtocolType.Udp);
            Listen(Place.Node, _node, ProtocolType.Tcp, ProtocolType.Udp, errors);
            Listen(Place.Client, _client, ProtocolType.Tcp, errors);

            // Neighbours are known, so that no packet waits for one.
            Neighbour(_client, "10.9.1.1", "eth0", LinkAddress(_node, ClientInterface));
            Neighbour(_node, "10.9.1.2", ClientInterface, LinkAddress(_client, "eth0"));
            Neighbour(_node, "10.9.2.2", WorldInterface, LinkAddress(_world, "eth0"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The address that masquerading gives to packets to the world.</summary>
    public static IpAddress Outgoing(IpFamily family) => NodeAddresses[family == IpFamily.IPv4 ? 1 : 4];

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
                ReadOnlySpan<byte> destination = _family == IpFamily.IPv4 ? bytes.AsSpan(16, 4) : bytes.AsSpan(24, 16);
                (packet.IsFromNode ? _nodeSender : _clientSender).SendTo(bytes, SocketFlags.None, new IPEndPoint(new IPAddress(destination), 0));
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

    /// <summary>Runs a script of ip, with its addresses in the family of the lab.</summary>
    private void Address(LabNamespace place, string script)
    {
        IEnumerable<string> lines = LabFamily.Addresses(script, _family).Split('\n').Select(line => _family == IpFamily.IPv6 && line.StartsWith("addr", StringComparison.Ordinal) ? line + " nodad" : line);
        place.RunWith(string.Join('\n', lines), "ip", _family == IpFamily.IPv4 ? "-4" : "-6", "-b", "-");
    }

    private void Neighbour(LabNamespace place, string address, string link, string linkAddress) =>
        place.Run("ip", "neigh", "replace", LabFamily.Address(address, _family).ToString(), "dev", link, "lladdr", linkAddress);

    private static string[] Settings4(string[] links) =>
    [
        "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", .. links.Select(link => $"net.ipv4.conf.{link}.rp_filter=0"),
        "net.ipv4.conf.all.accept_local=1", "net.ipv4.icmp_ratelimit=0", "net.ipv4.icmp_ratemask=0", "net.ipv6.conf.all.disable_ipv6=1",
    ];

    private static string[] Settings6 => ["net.ipv6.conf.all.disable_ipv6=0", "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.icmp.ratelimit=0", "net.ipv6.icmp.ratemask="];

    /// <summary>A raw socket that takes packets with their header; that of IPv6 does so by its protocol alone (ipv6(7)).</summary>
    private Socket Sender(LabNamespace place) => place.Inside(() =>
    {
        Socket socket = new(_family == IpFamily.IPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Raw, ProtocolType.Raw);
        if (_family == IpFamily.IPv4)
        {
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        }

        return socket;
    });

    private void Listen(Place place, LabNamespace at, params ProtocolType[] protocols)
    {
        foreach (ProtocolType protocol in protocols)
        {
            _listeners.Add((place, at.Inside(() =>
            {
                bool isIPv4 = _family == IpFamily.IPv4;
                Socket socket = new(isIPv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6, SocketType.Raw, protocol) { Blocking = false, ReceiveBufferSize = 4 << 20 };
                socket.Bind(new IPEndPoint(isIPv4 ? IPAddress.Any : IPAddress.IPv6Any, 0));
                if (!isIPv4)
                {
                    RawReceiver.Prepare(socket);
                }

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
                (ushort Number, Fate Fate)? read;
                if (_family == IpFamily.IPv4)
                {
                    int length = socket.Receive(_buffer, SocketFlags.None, out SocketError error);
                    if (error != SocketError.Success)
                    {
                        break;
                    }

                    read = Fate.Read(place, _buffer.AsSpan(0, length));
                }
                else
                {
                    int length = RawReceiver.Receive(socket, _buffer, out IpAddress source, out IpAddress destination);
                    if (length < 0)
                    {
                        break;
                    }

                    read = Fate.Read(place, (byte)socket.ProtocolType, source, destination, _buffer.AsSpan(0, length));
                }

                hasReceived = true;
                if (read is var (number, fate) && (!fates.TryGetValue(number, out Fate known) || fate.Outranks(known)))
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
    public IpFamily Family => Destination.Family;

    public byte[] ToBytes()
    {
        bool isTcp = Protocol == TransportProtocol.Tcp;
        int header = Family == IpFamily.IPv4 ? 20 : 40;
        byte[] bytes = new byte[header + (isTcp ? 20 : 16)];
        Span<byte> ip = bytes;
        Span<byte> inner = ip[header..];
        if (Family == IpFamily.IPv4)
        {
            ip[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(ip[2..], (ushort)bytes.Length);
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], Number);
            ip[8] = 64;
            ip[9] = (byte)Protocol;
            Source.WriteBytes(ip[12..16]);
            Destination.WriteBytes(ip[16..20]);
            BinaryPrimitives.WriteUInt16BigEndian(ip[10..], Checksum(ip[..20], 0));
        }
        else
        {
            ip[0] = 0x60;
            BinaryPrimitives.WriteUInt16BigEndian(ip[4..], (ushort)inner.Length);
            ip[6] = (byte)Protocol;
            ip[7] = 64;
            Source.WriteBytes(ip[8..24]);
            Destination.WriteBytes(ip[24..40]);
        }

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
            BinaryPrimitives.WriteUInt16BigEndian(inner[8..], Number);
        }

        uint pseudo = (uint)Protocol + (uint)inner.Length;
        for (int index = Family == IpFamily.IPv4 ? 12 : 8; index < header; index += 2)
        {
            pseudo += BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(index));
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
    private const byte IcmpV6 = 58;
    private const byte Unreachable = 3;
    private const byte UnreachableV6 = 1;
    private const byte SynFlag = 2;
    private const byte ResetFlag = 4;

    /// <summary>Where it was delivered says more than an answer to it, which the receiver's system may have sent.</summary>
    public bool Outranks(Fate other) => Kind > other.Kind;

    /// <summary>Reads a packet that a raw socket of IPv4 saw; null if it has nothing to do with a probe.</summary>
    public static (ushort Number, Fate Fate)? Read(Place place, ReadOnlySpan<byte> packet)
    {
        int header = (packet[0] & 15) * 4;
        return Read(place, packet[9], IpAddress.FromBytes(packet[12..16]), IpAddress.FromBytes(packet[16..20]), packet[header..]);
    }

    /// <summary>Reads what follows the header of a packet.</summary>
    public static (ushort Number, Fate Fate)? Read(Place place, byte protocol, IpAddress from, IpAddress to, ReadOnlySpan<byte> inner)
    {
        if (protocol is Icmp or IcmpV6)
        {
            int header = protocol == Icmp ? 20 : 40;
            bool isError = inner[0] == (protocol == Icmp ? Unreachable : UnreachableV6) && inner.Length >= 8 + header + 8;
            return isError && NumberOf(inner[protocol == Icmp ? 17 : 14], inner[(8 + header)..]) is { } refused ? (refused, new(FateKind.Refused, inner[1], default, default)) : null;
        }

        bool isTcp = protocol == (byte)TransportProtocol.Tcp;
        if (isTcp && (inner[13] & ResetFlag) != 0)
        {
            return ((ushort)(BinaryPrimitives.ReadUInt32BigEndian(inner[8..]) - 1), new(FateKind.Reset, 0, default, default));
        }

        if (place == Place.Client || (isTcp && (inner[13] & SynFlag) == 0) || NumberOf(protocol, inner) is not { } number)
        {
            return null;
        }

        EndpointAddress source = new(from, BinaryPrimitives.ReadUInt16BigEndian(inner));
        EndpointAddress destination = new(to, BinaryPrimitives.ReadUInt16BigEndian(inner[2..]));
        return (number, new(place == Place.World ? FateKind.ToWorld : FateKind.ToNode, 0, source, destination));
    }

    /// <summary>The number of a probe: the sequence number of TCP, the first bytes that UDP carries.</summary>
    private static ushort? NumberOf(byte protocol, ReadOnlySpan<byte> inner) => protocol switch
    {
        (byte)TransportProtocol.Tcp => BinaryPrimitives.ReadUInt32BigEndian(inner[4..]) is var sequence && sequence <= ushort.MaxValue ? (ushort)sequence : null,
        (byte)TransportProtocol.Udp when inner.Length >= 10 => BinaryPrimitives.ReadUInt16BigEndian(inner[8..]),
        _ => null,
    };

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

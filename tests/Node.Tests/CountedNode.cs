using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests;

/// <summary>A node with endpoints on itself, and a host outside of the cluster whose packets all go to the node.</summary>
internal sealed class CountedNode : IDisposable
{
    private readonly TestNode _outside = TestNode.CreateOrSkip("nft", "ip", "sleep");
    private readonly Process _holder;
    private readonly List<TcpListener> _listeners;
    private int _port = 20_000;

    public CountedNode(params string[] endpoints)
    {
        // ip wants a process to name the network namespace by.
        _holder = _outside.Runner.Network.Run(static () => Process.Start("sleep", "600"));
        Ip(Node, "link set lo up");
        Array.ForEach(endpoints, endpoint => Ip(Node, $"address add {endpoint}/32 dev lo"));
        _listeners = Node.Runner.Network.Run(() => endpoints.Select(Listen).ToList());
        Ip(Node, $"link add uplink type veth peer name eth0 netns {_holder.Id}");
        Ip(Node, "address add 192.0.2.10/24 dev uplink");
        Ip(Node, "link set uplink up");
        Ip(Node, "route add default via 192.0.2.1 dev uplink");
        Node.Run("sh", "", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward");
        Ip(_outside, "address add 192.0.2.1/24 dev eth0");
        Ip(_outside, "link set eth0 up");
        Ip(_outside, "route add default via 192.0.2.10 dev eth0");
    }

    public TestNode Node { get; } = TestNode.CreateOrSkip("nft", "ip", "sleep");

    /// <summary>Sends datagrams, each from another port and so a connection of its own.</summary>
    public void Datagrams(bool isOutside, string address, int port, int times) => (isOutside ? _outside : Node).Runner.Network.Run(() =>
    {
        for (int time = 0; time < times; time++)
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            client.Bind(new IPEndPoint(IPAddress.Any, _port++));
            client.SendTo([1], new IPEndPoint(Address(address), port));
        }

        return true;
    });

    /// <summary>Connects to an endpoint.</summary>
    public void Connections(bool isOutside, string address, int port, int times) => (isOutside ? _outside : Node).Runner.Network.Run(() =>
    {
        for (int time = 0; time < times; time++)
        {
            using Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            client.Connect(Address(address), port);
            client.Send([1]);
        }

        return true;
    });

    public void Dispose()
    {
        _listeners.ForEach(static listener => listener.Dispose());
        _holder.Kill();
        _holder.Dispose();
        _outside.Dispose();
        Node.Dispose();
    }

    /// <summary>Listens on port 8080; connections wait to be accepted, which the kernel does not tell their clients.</summary>
    private static TcpListener Listen(string endpoint)
    {
        TcpListener listener = new(Address(endpoint), 8080);
        listener.Start(backlog: 100);
        return listener;
    }

    private static void Ip(TestNode node, string command) => node.Run("ip", "", command.Split(' '));

    private static IPAddress Address(string text)
    {
        byte[] bytes = new byte[4];
        IpAddress.Parse(text).WriteBytes(bytes);
        return new(bytes);
    }
}

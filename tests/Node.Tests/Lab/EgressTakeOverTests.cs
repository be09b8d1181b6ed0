using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// The steps of docs/egress-masquerade.md from ip-masq-agent to this program: a connection that pods had before them goes on, and
/// a new one works after each step.
/// </summary>
[Trait("Category", "Netns")]
public sealed class EgressTakeOverTests
{
    private const int Port = 9191;

    private static readonly byte[] s_word = "x"u8.ToArray();

    [SkippableTheory]
    [InlineData("iptables nft", false)]
    [InlineData("iptables nft", true)]
    [InlineData("iptables legacy", false)]
    [InlineData("nftables netlink", false)]
    [InlineData("nftables netlink", true)]
    public void ConnectionsSurviveTheTakeOverFromIPMasqAgent(string rules, bool isIPv6)
    {
        LabRequirements.RequireOrSkip();
        using EgressLab lab = new(rules);
        string tool = (isIPv6 ? "ip6tables-" : "iptables-") + (rules == "iptables legacy" ? "legacy" : "nft");
        LabNamespace node = lab.Lab.Network.Node.Namespace;
        lab.Start(masquerades: false);
        node.RunWith(RulesOfIPMasqAgent(isIPv6), tool + "-restore", "--noflush");
        lab.Ask("a1", "world", isIPv6).Should().Be("world node");
        using Socket listener = lab.Lab.Network.Outside.Inside(() => Listen(isIPv6));
        using Socket client = lab.Lab.Network.Pod("a1").Inside(() => Connect((IPEndPoint)listener.LocalEndPoint!)); // a bound socket has one
        using Socket server = listener.Accept();
        Pass(client, server);

        lab.Lab.Agent.Stop();
        int mark = lab.Lab.Agent.Mark();
        lab.Start(masquerades: true);
        lab.Lab.Agent.WaitFor(mark, $"ip-masq-agent has its chain on this node ({tool}-save");
        Pass(client, server);
        lab.Ask("a1", "world", isIPv6).Should().Be("world node");
        node.Run(tool, "-w", "-t", "nat", "-D", "POSTROUTING", "-m", "addrtype", "!", "--dst-type", "LOCAL", "-j", "IP-MASQ-AGENT");
        Pass(client, server);
        lab.Ask("a1", "world", isIPv6).Should().Be("world node");
        node.Run(tool, "-w", "-t", "nat", "-F", "IP-MASQ-AGENT");
        node.Run(tool, "-w", "-t", "nat", "-X", "IP-MASQ-AGENT");
        Pass(client, server);
        lab.Ask("a1", "world", isIPv6).Should().Be("world node");
        lab.Ask("a1", "second", isIPv6).Should().Be("second own");
        lab.Rules(isIPv6).Should().NotContain("IP-MASQ-AGENT");
    }

    /// <summary>As ip-masq-agent writes them for the configuration of the lab, but for its comments.</summary>
    private static string RulesOfIPMasqAgent(bool isIPv6) => $"""
        *nat
        :IP-MASQ-AGENT - [0:0]
        -A POSTROUTING -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT
        -A IP-MASQ-AGENT -d {(isIPv6 ? "fe80::/10" : "169.254.0.0/16")} -j RETURN
        -A IP-MASQ-AGENT -d {(isIPv6 ? "fc00::/7" : "10.0.0.0/8")} -j RETURN
        -A IP-MASQ-AGENT -d {(isIPv6 ? "2001:db8:2::/64" : "192.0.2.0/24")} -j RETURN
        -A IP-MASQ-AGENT -j MASQUERADE --random-fully
        COMMIT

        """;

    private static Socket Listen(bool isIPv6)
    {
        Socket socket = new(isIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(LabAddress.Parse(isIPv6 ? "2001:db8:113::2" : "203.0.113.2"), Port));
        socket.Listen();
        return socket;
    }

    private static Socket Connect(IPEndPoint server)
    {
        Socket socket = new(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)LabClient.AnswerTimeout.TotalMilliseconds };
        socket.Connect(server);
        return socket;
    }

    /// <summary>Sends something both ways.</summary>
    private static void Pass(Socket client, Socket server)
    {
        byte[] received = new byte[1];
        server.ReceiveTimeout = (int)LabClient.AnswerTimeout.TotalMilliseconds;
        client.Send(s_word);
        server.Receive(received).Should().Be(1);
        server.Send(s_word);
        client.Receive(received).Should().Be(1);
    }
}

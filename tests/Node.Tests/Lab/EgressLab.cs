using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// A lab with a server in the world outside, which has no route to pods: it answers them only when they come with the address of
/// the node. The agent masquerades by a file that is written here.
/// </summary>
internal sealed class EgressLab : IDisposable
{
    /// <summary>The ranges to which pods keep their address at the beginning: those of the cluster and of its nodes.</summary>
    public const string Ranges = "10.0.0.0/8, 192.0.2.0/24, 'fc00::/7', '2001:db8:2::/64'";

    private static readonly string[] s_ofNode = ["192.0.2.10", "10.244.1.1", "2001:db8:2::10", "fd00:10:244:1::1"];

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-egress-").FullName;
    private readonly string _mode;
    private readonly string _variant;
    private readonly string _writer;

    /// <summary>Builds the lab.</summary>
    /// <param name="rules">The mode and how rules are written: <c>iptables nft</c>, <c>iptables legacy</c>, <c>nftables netlink</c>, <c>nftables nft</c>.</param>
    /// <param name="configuration">How the agent knows pods.</param>
    public EgressLab(string rules, string configuration = StandardLab.KnowsPods)
    {
        string[] words = rules.Split(' ');
        (_mode, _variant, _writer) = words[0] == "iptables" ? (words[0], words[1], "netlink") : (words[0], "nft", words[1]);
        Lab = new(configuration);
        Lab.Network.Outside.Serve("world", "203.0.113.2", StandardLab.HostPort);
        Lab.Network.Outside.Serve("world", "2001:db8:113::2", StandardLab.HostPort);
        Lab.Network.Second.Ip("route add 10.244.1.1 via 192.0.2.10", "route add fd00:10:244:1::1 via 2001:db8:2::10");
        Lab.Agent.Put("services.yaml", Plain.ToManifest() + Alone.ToManifest());
        Configure(Ranges);
    }

    public StandardLab Lab { get; }

    /// <summary>A Service with a pod on either node.</summary>
    public static LabService Plain { get; } = new("plain", 1) { Endpoints = [StandardLab.Endpoint("a1"), StandardLab.Endpoint("b1")] };

    /// <summary>A Service with one pod, which reaches itself by it.</summary>
    public static LabService Alone { get; } = new("alone", 2) { Endpoints = [StandardLab.Endpoint("a1")] };

    /// <summary>Writes the configuration, in place of the one before, at once.</summary>
    public void Configure(string ranges) => Write($"nonMasqueradeCIDRs: [{ranges}]\nresyncInterval: 200ms\n");

    /// <summary>Writes the configuration as it is given.</summary>
    public void Write(string content)
    {
        File.WriteAllText(Path.Combine(_directory, "draft"), content);
        File.Move(Path.Combine(_directory, "draft"), Path.Combine(_directory, "config"), overwrite: true);
    }

    /// <summary>Starts the agent.</summary>
    public void Start(bool masquerades)
    {
        Lab.Agent.Flags = ["--nftables-writer", _writer, .. masquerades ? ["--egress-masquerade", "--egress-masquerade-config", Path.Combine(_directory, "config")] : Array.Empty<string>()];
        Lab.Agent.Start(_mode, _variant);
    }

    /// <summary>What the server outside, or that of the second node, says to a client: whether it came as itself or as the node.</summary>
    public string Ask(string from, string server, bool isIPv6)
    {
        IPAddress address = LabAddress.Parse((server, isIPv6) switch
        {
            ("world", false) => "203.0.113.2",
            ("world", true) => "2001:db8:113::2",
            ("second", false) => "192.0.2.11",
            ("second", true) => "2001:db8:2::11",
            _ => StandardLab.Address(server, isIPv6),
        });
        int port = server is "world" or "second" ? StandardLab.HostPort : LabService.TargetPort;
        return Dial(Client(from, isIPv6), new(address, port));
    }

    /// <summary>What a Service says to a client.</summary>
    public string Ask(string from, LabService service, string by, bool isIPv6) => Dial(Lab.Client(from, isIPv6), LabRow.Destination(by, service, isIPv6));

    /// <summary>Waits until a server says something to new connections of a pod.</summary>
    public void Until(string from, string server, bool isIPv6, string expected)
    {
        string said = "";
        SpinWait.SpinUntil(() => (said = Ask(from, server, isIPv6)) == expected, TimeSpan.FromSeconds(60)).Should().BeTrue($"it said '{said}' and not '{expected}':\n{Lab.Agent.Log}");
    }

    /// <summary>All rules of the node of the family.</summary>
    public string Rules(bool isIPv6) => _mode == "iptables"
        ? Lab.Network.Node.Namespace.Run($"{(isIPv6 ? "ip6tables" : "iptables")}-{_variant}-save")
        : Lab.Network.Node.Namespace.Run("nft", "list", "ruleset", isIPv6 ? "ip6" : "ip");

    /// <summary>Empties the chain, as another program may.</summary>
    public void Flush(bool isIPv6)
    {
        if (_mode == "iptables")
        {
            Lab.Network.Node.Namespace.Run($"{(isIPv6 ? "ip6tables" : "iptables")}-{_variant}", "-w", "-t", "nat", "-F", "KUBE-EGRESS-MASQ");
        }
        else
        {
            Lab.Network.Node.Namespace.Run("nft", "flush", "chain", isIPv6 ? "ip6" : "ip", "kube-proxy", "egress-masquerade");
        }
    }

    /// <summary>Removes all rules of the agent, as an operator does.</summary>
    public void CleanUp() => Lab.Network.Node.Namespace.Run(ProgramUnderTest.Path, "run", "--cleanup");

    /// <inheritdoc/>
    public void Dispose()
    {
        Lab.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Besides those of the lab: the node with its address in the network of its pods.</summary>
    private LabClient Client(string from, bool isIPv6) =>
        from == "gateway" ? new(Lab.Network.Node, LabAddress.Parse(isIPv6 ? "fd00:10:244:1::1" : "10.244.1.1")) : Lab.Client(from, isIPv6);

    private static string Dial(LabClient client, IPEndPoint destination)
    {
        Answer answer = client.DialAsync(ProtocolType.Tcp, destination, LabClient.DropTimeout).GetAwaiter().GetResult();
        return answer.Outcome != Outcome.Answered ? answer.ToString()
            : answer.Seen!.Equals(client.Address) ? $"{answer.Who} own" // it answered, so it saw an address
            : s_ofNode.Contains(answer.Seen.ToString()) ? $"{answer.Who} node"
            : answer.ToString();
    }
}

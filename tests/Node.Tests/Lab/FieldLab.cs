using System.Net;
using System.Net.Sockets;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>A lab with the addresses of a recorded case, and an agent that has its objects and its configuration.</summary>
public sealed class FieldLab : IDisposable
{
    private readonly string _directory;

    /// <summary>Builds the two nodes and the outside.</summary>
    /// <param name="recorded">Name of the recorded case.</param>
    /// <param name="node">The node under test, with prefix length.</param>
    /// <param name="second">The other node.</param>
    /// <param name="router">The router.</param>
    /// <param name="gateway">The gateway of the node's pods.</param>
    /// <param name="attracted">What the outside sends to the node under test.</param>
    public FieldLab(string recorded, string node, string second, string router, string gateway, params string[] attracted)
    {
        _directory = RecordedCases.CaseDirectory(recorded);
        Network = new(new()
        {
            Node = [node, "fd00:192:168::2/64"],
            Second = [second, "fd00:192:168::3/64"],
            Router = [router, "fd00:192:168::1/64"],
            PodGateways = [gateway, "fd00:10:244::1"],
            Clients = ["203.0.113.2", "2001:db8:113::2"],
            Attracted = attracted,
        });
        string configuration = string.Join('\n', File.ReadLines(Path.Combine(_directory, "config.yaml"))
            .Where(line => !line.StartsWith("apiVersion:", StringComparison.Ordinal) && !line.StartsWith("kind:", StringComparison.Ordinal)));
        Agent = new(Network.Node, configuration);
        foreach (string file in Directory.GetFiles(Path.Combine(_directory, "input")))
        {
            Agent.Put(Path.GetFileName(file), File.ReadAllText(file));
        }
    }

    /// <summary>The pods of the two cases of ingress-nginx on the other node.</summary>
    public static IReadOnlyList<string> IngressPods { get; } = ["192.168.103.142", "192.168.107.128", "192.168.95.125"];

    /// <summary>Its hosts.</summary>
    public LabNetwork Network { get; }

    /// <summary>Its agent.</summary>
    public LabAgent Agent { get; }

    /// <summary>The client outside the cluster.</summary>
    public LabClient Outside => new(Network.Outside, LabAddress.Parse("203.0.113.2"));

    /// <summary>The same over IPv6.</summary>
    public LabClient OutsideIPv6 => new(Network.Outside, LabAddress.Parse("2001:db8:113::2"));

    /// <summary>The lab of the two cases of ingress-nginx, with its pods.</summary>
    public static FieldLab Ingress(string recorded)
    {
        FieldLab lab = new(recorded, "10.33.144.10/20", "10.33.144.11/20", "10.33.144.1/20", "192.168.176.193", "10.33.151.160/32", "10.96.0.0/12");
        lab.AddSecondPods(443, [.. IngressPods]);
        lab.Network.AddPod("ingress", "192.168.176.202").Serve("192.168.176.202", "192.168.176.202", 443);
        return lab;
    }

    /// <summary>Adds pods of the other node, that answer by their address.</summary>
    public void AddSecondPods(int port, params string[] addresses)
    {
        Network.AddSecondPod(addresses);
        foreach (string address in addresses)
        {
            Network.Second.Serve(address, address, port);
        }
    }

    /// <summary>Puts the rules into the node's kernel that the real kube-proxy wrote for this case.</summary>
    /// <param name="kind">Folder of the recording: iptables, iptables-legacy or nftables.</param>
    public void LoadRecording(string kind)
    {
        string directory = Path.Combine(_directory, kind);
        LabNamespace node = Network.Node.Namespace;
        if (kind == "nftables")
        {
            node.RunWith(File.ReadAllText(Path.Combine(directory, "nft.txt")), "nft", "-f", "-");
            return;
        }

        string variant = kind == "iptables" ? "nft" : "legacy";
        foreach (string tool in new[] { "iptables", "ip6tables" })
        {
            // The counter of connections to localhost node ports lives in the kernel, not in the recording.
            string rules = string.Join('\n', File.ReadLines(Path.Combine(directory, tool + "-save.txt"))
                .Where(line => !line.Contains("nfacct", StringComparison.Ordinal))) + "\n";
            node.RunWith(rules, $"{tool}-{variant}-restore");
        }
    }

    /// <summary>Dials many times, and gives the different answers.</summary>
    public static IReadOnlySet<string> Answers(LabClient client, string address, int port, int attempts = 40)
    {
        HashSet<string> answers = [];
        for (int i = 0; i < attempts; i++)
        {
            IPEndPoint destination = new(LabAddress.Parse(address), port);
            answers.Add(client.DialAsync(ProtocolType.Tcp, destination, LabClient.AnswerTimeout).GetAwaiter().GetResult().ToString());
        }

        return answers;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Agent.Dispose();
        Network.Dispose();
    }
}

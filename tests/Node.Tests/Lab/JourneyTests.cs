using System.Text.Json;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.Lab;

/// <summary>
/// A packet's way over two nodes with a VXLAN between them: what the pod sees and how the answer comes back is what
/// <c>explain</c> says with the routes that <c>ip -j</c> prints on the nodes.
/// </summary>
[Trait("Category", "Netns")]
public sealed class JourneyTests
{
    private const string Client = "203.0.113.2";

    [SkippableTheory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public async Task ThePodSeesTheSourceThatIsSaid(string mode)
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = Overlay();
        lab.Agent.Start(mode);
        (JsonElement path, string answer) = await ExplainAsync(lab, mode, "192.168.0.2:30000");
        string source = path.GetProperty("masqueradeAddress").GetString()!;

        FieldLab.Answers(lab.Outside, "192.168.0.2", 30000, attempts: 5).Should().BeEquivalentTo($"p3000 saw {source}");

        source.Should().NotBe("192.168.0.2", "the packet leaves by the tunnel");
        answer.Should().NotContain("likely fault");
        JsonElement tunnel = path.GetProperty("journey").EnumerateArray().First(step => step.GetProperty("step").GetString() == "leaves");
        tunnel.GetProperty("tunnel").GetString().Should().Be("VXLAN");
        tunnel.GetProperty("outerSource").GetString().Should().Be("192.168.0.2");
        tunnel.GetProperty("outerDestination").GetString().Should().Be("192.168.0.3");
    }

    /// <summary>The request comes in by one interface and the route to the client leads by another: with rp_filter=1 the kernel drops it.</summary>
    [SkippableFact]
    public async Task AnAnswerByAnotherInterfaceIsLikelyAFault()
    {
        LabRequirements.RequireOrSkip();
        using FieldLab lab = Overlay();
        lab.Agent.Start("iptables");
        LabHost node = lab.Network.Node;
        lab.Network.Outside.Namespace.Connect("second0", node.Namespace, "eth1");
        node.Ip("addr add 10.33.144.10/24 dev eth1");
        lab.Network.Outside.Ip("addr add 10.33.144.1/24 dev second0");
        node.Namespace.Run("sysctl", "-qw", "net.ipv4.conf.eth1.rp_filter=1");

        string fault = (await ExplainAsync(lab, "iptables", "10.33.144.10:30000")).Answer;
        IReadOnlySet<string> dropped = FieldLab.Answers(lab.Outside, "10.33.144.10", 30000, attempts: 1);
        node.Ip($"route add {Client}/32 via 10.33.144.1 dev eth1");
        string mended = (await ExplainAsync(lab, "iptables", "10.33.144.10:30000")).Answer;

        fault.Should().Contain("likely fault: the answer leaves node-a by eth0").And.Contain("the request came in by eth1");
        dropped.Should().NotContain(answer => answer.Contains("saw", StringComparison.Ordinal));
        mended.Should().NotContain("likely fault");
        FieldLab.Answers(lab.Outside, "10.33.144.10", 30000, attempts: 3).Should().BeEquivalentTo("p3000 saw 10.100.24.0");
    }

    private static FieldLab Overlay()
    {
        FieldLab lab = new("field-httpserver", "192.168.0.2/24", "192.168.0.3/24", "192.168.0.1/24", "10.100.24.1");
        Join(lab.Network.Node, "192.168.0.2", "10.100.24.0", "192.168.0.3", "10.100.81.0");
        Join(lab.Network.Second, "192.168.0.3", "10.100.81.0", "192.168.0.2", "10.100.24.0");
        lab.Network.Second.Ip("addr add 10.100.81.180/32 dev lo");
        lab.Network.Second.Serve("p3000", "10.100.81.180", 3000);
        return lab;

        static void Join(LabHost host, string outer, string inner, string peer, string peerInner) => host.Ip(
            $"link add overlay type vxlan id 42 dstport 4789 local {outer} remote {peer}",
            $"addr add {inner}/32 dev overlay",
            "link set overlay up",
            $"route add {peerInner}/24 via {peerInner} dev overlay onlink");
    }

    private static async Task<(JsonElement Path, string Answer)> ExplainAsync(FieldLab lab, string mode, string destination)
    {
        string directory = Directory.CreateTempSubdirectory("kps-routes-").FullName;
        try
        {
            string[] files = [Save(lab.Network.Node, Path.Combine(directory, "a")), Save(lab.Network.Second, Path.Combine(directory, "b"))];
            string recorded = RecordedCases.CaseDirectory("field-httpserver");
            ExplainRun run = await ExplainRun.WithAsync(
                "-f", Path.Combine(recorded, "input"), "--config", Path.Combine(recorded, "config.yaml"), "--node", "node-a", "--mode", mode, "-o", "json",
                "--from", Client, "--to", destination, "--routes", files[0], "--routes", $"node-b={files[1]}");
            run.ExitCode.Should().Be(0, run.Errors);
            using JsonDocument document = JsonDocument.Parse(run.Output);
            JsonElement walk = document.RootElement.GetProperty("walks")[0].Clone();
            return (walk.GetProperty("ways")[0], walk.GetProperty("answer").GetString()!);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Save(LabHost host, string path)
    {
        File.WriteAllText(path, host.Namespace.Run("ip", "-j", "route", "show", "table", "all") + host.Namespace.Run("ip", "-j", "-d", "addr") + host.Namespace.Run("ip", "-j", "rule"));
        return path;
    }
}

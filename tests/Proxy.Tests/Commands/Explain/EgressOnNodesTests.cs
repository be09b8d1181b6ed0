using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>The rules of every node of the input have egress masquerade if it is on, not only those of the node that is asked for.</summary>
public sealed class EgressOnNodesTests : IDisposable
{
    private const string Nodes =
        """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        spec: {podCIDR: 10.244.0.0/24, podCIDRs: [10.244.0.0/24]}
        status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: node-b}
        spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24]}
        status: {addresses: [{type: InternalIP, address: 192.0.2.11}]}

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-egress-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task TheTableOfNodesHasTheAnswerOfEachNode()
    {
        string path = Path.Combine(_directory, "nodes.yaml");
        await File.WriteAllTextAsync(path, Nodes);
        string[] question = ["-f", path, "--egress-masquerade", "--from", "10.244.0.5", "--to", "198.51.100.7:443"];

        ExplainRun one = await ExplainRun.WithAsync([.. question, "--node", "node-a"]);
        ExplainRun all = await ExplainRun.WithAsync([.. question, "--node", "all"]);

        const string Masqueraded = "masqueraded: 10.244.0.5 is inside the pod CIDR 10.244.0.0/24";
        one.Output.Should().Contain(Masqueraded);
        all.Output.Should().Contain(Masqueraded);
        all.Output.Split('\n').Should().ContainSingle(static line => line.StartsWith("node-a ", StringComparison.Ordinal) && line.Contains("its source is rewritten", StringComparison.Ordinal));
    }
}

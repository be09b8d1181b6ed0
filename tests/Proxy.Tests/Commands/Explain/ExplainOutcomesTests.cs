using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Explain;

/// <summary>What scripts ask for by the exit code, and what is said of packets that kube-proxy's rules leave to others.</summary>
public sealed class ExplainOutcomesTests : IDisposable
{
    private const string Cluster = "tests/Proxy.Tests/Commands/Explain/cluster.yaml";

    private const string Filter =
        """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        -A FORWARD -d 192.0.2.77/32 -p tcp -m tcp --dport 22 -j REJECT --reject-with tcp-reset
        -A FORWARD -d 192.0.2.77/32 -p tcp -m tcp --dport 25 -m u32 --u32 "0x0=0x1" -j ACCEPT
        -A FORWARD -d 192.0.2.77/32 -p tcp -m tcp --dport 443 -j ACCEPT
        COMMIT

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-outcomes-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(443, "unknown dropped refused", ExitCode.Success)]
    [InlineData(80, "dropped", ExitCode.Findings)]
    [InlineData(80, "unknown refused", ExitCode.Success)]
    [InlineData(22, "refused", ExitCode.Findings)]
    [InlineData(22, "dropped", ExitCode.Success)]
    [InlineData(25, "unknown", ExitCode.Findings)]
    [InlineData(25, "dropped", ExitCode.Findings)]
    [InlineData(25, "refused", ExitCode.Success)]
    public async Task TheExitCodeHasTheOutcomesThatWereAskedFor(int port, string failOn, int exitCode)
    {
        string path = Path.Combine(_directory, "rules");
        await File.WriteAllTextAsync(path, Filter);

        ExplainRun run = await ExplainRun.WithAsync(
            ["--rules", path, "--node-address", "192.0.2.10", "--from", "203.0.113.9", "--to", $"192.0.2.77:{port}", .. failOn.Split(' ').SelectMany(name => new[] { "--fail-on", name })]);

        run.ExitCode.Should().Be(exitCode, run.Output + run.Errors);
    }

    [Theory]
    [InlineData("10.244.1.77", "203.0.113.51:80", "iptables", "the source becomes 192.0.2.10")]
    [InlineData("10.244.1.77", "203.0.113.51:80", "nftables", "the source becomes 192.0.2.10")]
    [InlineData("10.244.1.77", "203.0.113.51:80", "iptables", "conntrack undoes the masquerading: the answer's destination becomes 10.244.1.77:")]
    [InlineData("10.244.1.77", "203.0.113.51:80", "nftables", "203.0.113.51 is outside of the ranges to which pods keep their address")]
    [InlineData("10.244.1.77", "10.9.9.9:80", "iptables", "the source stays 10.244.1.77")]
    [InlineData("10.244.1.77", "10.9.9.9:80", "nftables", "pods keep their address to 10.0.0.0/8")]
    [InlineData("node", "203.0.113.51:80", "nftables", "the source stays 192.0.2.10")]
    public async Task APodsWayOutOfTheClusterIsTheWorkOfEgressMasquerade(string from, string to, string mode, string said)
    {
        ExplainRun run = await ExplainRun.WithAsync(
            "-f", Cluster, "--node", "node-a", "--mode", mode, "--egress-masquerade", "--egress-masquerade-config", Path.Combine(_directory, "none"), "--from", from, "--to", to);

        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        run.Output.Should().Contain(said).And.NotContain("ip-masq-agent");
    }

    [Theory]
    [InlineData("pod:shop/client", "198.51.100.51:80", true)]
    [InlineData("10.244.1.77", "198.51.100.51:80", true)]
    [InlineData("node", "198.51.100.51:80", false)]
    [InlineData("pod:shop/client", "10.244.2.9:80", false)]
    [InlineData("pod:shop/client", "192.0.2.11:80", false)]
    [InlineData("pod:shop/client", "svc:shop/web", false)]
    [InlineData("outside", "198.51.100.51:80", false)]
    public async Task APodsWayOutOfTheClusterIsTheWorkOfOthers(string from, string to, bool isNoted)
    {
        ExplainRun run = await ExplainRun.WithAsync("-f", Cluster, "--node", "node-a", "--from", from, "--to", to);

        run.ExitCode.Should().Be(ExitCode.Success, run.Errors);
        run.Output.Contains("source NAT for pods is done by the CNI plugin or ip-masq-agent", StringComparison.Ordinal).Should().Be(isNoted, run.Output);
    }
}

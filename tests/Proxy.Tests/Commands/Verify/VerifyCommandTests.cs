using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Tests.Commands.Verify;

/// <summary>The command on saved flows: exit codes, texts, JSON.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private const string Cluster = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}
        ---
        apiVersion: networking.k8s.io/v1
        kind: ServiceCIDR
        metadata: {name: kubernetes}
        spec: {cidrs: [10.96.0.0/16]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: dns, namespace: kube-system}
        spec: {clusterIP: 10.96.0.10, ports: [{name: dns, port: 53, protocol: UDP, nodePort: 30053}]}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: dns-1, namespace: kube-system, labels: {kubernetes.io/service-name: dns}}
        addressType: IPv4
        ports: [{name: dns, port: 5353, protocol: UDP}]
        endpoints:
        - {addresses: [10.244.1.5], conditions: {ready: true}}
        - {addresses: [10.244.2.6], conditions: {ready: true}}
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-verify-").FullName;
    private readonly MemoryStream _output = new();
    private readonly StringWriter _errors = new() { NewLine = "\n" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task AnEvenTableIsClean()
    {
        (await RunAsync(Flows("10.244.1.5", 30) + Flows("10.244.2.6", 26, firstPort: 2000))).Should().Be(ExitCode.Success);

        Output.Should().Contain("56 in the table, 56 to Services, 56 of them unanswered")
            .And.MatchRegex(@"kube-system/dns:dns/udp +56 +even \(p=0\.59")
            .And.MatchRegex(@"10\.244\.1\.5:5353 +30 +53\.6 ?% +50\.0 ?%")
            .And.Contain("clean on node node-a").And.NotContain("\u001b");
    }

    [Fact]
    public async Task AnUnevenTableIsAFinding()
    {
        (await RunAsync(Flows("10.244.1.5", 90) + Flows("10.244.2.6", 10, firstPort: 2000))).Should().Be(ExitCode.Findings);

        Output.Should().Contain("uneven").And.Contain("1 findings on node node-a");
    }

    /// <summary>One flow of each kind of trouble, and one that is nobody's business.</summary>
    [Fact]
    public async Task StaleFlowsAreListedWithWhatTheyShouldBe()
    {
        int exitCode = await RunAsync(
            Flow("10.96.0.10", 53, "10.244.9.9", 5353)
            + Flow("10.96.0.10", 53, "10.96.0.10", 53)
            + Flow("192.0.2.10", 30053, "10.244.9.9", 5353)
            + Flow("10.96.77.7", 53, "10.244.9.9", 53)
            + Flow("198.51.100.1", 99, "10.0.0.7", 99),
            isJson: true);

        exitCode.Should().Be(ExitCode.Findings);
        JsonElement flows = JsonDocument.Parse(_output.ToArray()).RootElement.GetProperty("flows");
        flows.GetProperty("seen").GetInt32().Should().Be(5);
        flows.GetProperty("stale").EnumerateArray().Select(stale => $"{stale.GetProperty("reason")} {stale.GetProperty("destination")} {stale.GetProperty("shouldBe")}").Should().Equal(
            "endpoint-gone 10.96.0.10:53 sent to 10.244.1.5:5353 or 10.244.2.6:5353",
            "not-translated 10.96.0.10:53 sent to 10.244.1.5:5353 or 10.244.2.6:5353",
            "endpoint-gone 192.0.2.10:30053 sent to 10.244.1.5:5353 or 10.244.2.6:5353",
            "service-gone 10.96.77.7:53 no Service has this destination");
    }

    [Fact]
    public async Task TheAgeIsThatOfTheFile()
    {
        string line = Flow("10.96.0.10", 53, "10.244.9.9", 5353).TrimEnd() + " [start=Fri Nov 20 10:00:00 2020]\n";

        await RunAsync(line, isJson: true, savedAt: new(2020, 11, 20, 11, 30, 0, DateTimeKind.Utc));

        JsonDocument.Parse(_output.ToArray()).RootElement.GetProperty("flows").GetProperty("stale")[0].GetProperty("ageSeconds").GetInt64().Should().Be(5400);
    }

    [Theory]
    [InlineData("nonsense\n", "line 1 is not a line of \"conntrack -L\"")]
    [InlineData(null, "Could not find file")]
    public async Task WhatCannotBeReadIsAnError(string? flows, string reason)
    {
        (await RunAsync(flows)).Should().Be(ExitCode.Failure);

        _errors.ToString().Should().Contain("error: ").And.Contain(reason);
        _output.Length.Should().Be(0);
    }

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private static string Flows(string endpoint, int count, int firstPort = 1000) =>
        string.Concat(Enumerable.Range(0, count).Select(number => Flow("10.96.0.10", 53, endpoint, 5353, firstPort + number)));

    private static string Flow(string destination, int port, string endpoint, int endpointPort, int sourcePort = 999) =>
        $"udp      17 29 src=10.244.3.3 dst={destination} sport={sourcePort} dport={port} [UNREPLIED] src={endpoint} dst=10.244.3.3 sport={endpointPort} dport={sourcePort} mark=0 use=1\n";

    private async Task<int> RunAsync(string? flows, bool isJson = false, DateTime? savedAt = null)
    {
        string cluster = Path.Combine(_directory, "cluster.yaml");
        string saved = Path.Combine(_directory, "flows.txt");
        await File.WriteAllTextAsync(cluster, Cluster);
        if (flows is not null)
        {
            await File.WriteAllTextAsync(saved, flows);
            File.SetLastWriteTimeUtc(saved, savedAt ?? DateTime.UnixEpoch);
        }

        CommandStreams streams = new(() => Stream.Null, () => _output, _errors, false, false);
        return await new VerifyCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(
            new() { Paths = [cluster], ConntrackPath = saved, Families = [IpFamily.IPv4, IpFamily.IPv6], IsJson = isJson }, CancellationToken.None);
    }
}

using System.Buffers;
using System.Text;
using System.Text.Json;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Plan;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Plan;

/// <summary>The command on manifests and saved rules: what changes, in words and numbers, and exit codes.</summary>
public sealed class PlanCommandTests : IDisposable
{
    private const string Node = """
        apiVersion: v1
        kind: Node
        metadata: {name: node-a}
        status: {addresses: [{type: InternalIP, address: 192.0.2.10}]}

        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("kps-plan-").FullName;
    private MemoryStream _output = new();
    private readonly StringWriter _errors = new() { NewLine = "\n" };

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>What kube-proxy wrote for a cluster is what we would write: nothing changes for any packet.</summary>
    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(Recordings))]
    public async Task RecordedRulesNeedNoChange(string name, string mode)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        string[] rules = mode == ProxyMode.Nftables ? ["nftables/nft.json"] : ["iptables/iptables-save.txt", "iptables/ip6tables-save.txt"];

        int exitCode = await RunAsync(new()
        {
            Families = [IpFamily.IPv4, IpFamily.IPv6],
            Paths = [Path.Combine(directory, "objects.json")],
            ConfigPath = Path.Combine(directory, "config.yaml"),
            Mode = mode,
            NodeName = node.Name,
            NodeAddresses = node.Addresses,
            RuleFiles = [.. rules.Select(file => new RuleFile(Path.Combine(directory, file)))],
            IsJson = true,
        });

        JsonElement plan = JsonDocument.Parse(_output.ToArray()).RootElement;
        plan.GetProperty("changes").EnumerateArray().Should().BeEmpty(Output);
        plan.GetProperty("destinations").GetInt32().Should().BePositive();

        // In nftables mode the layout is another, so the table is touched as soon as something is sent to endpoints.
        bool isTouched = mode == ProxyMode.Nftables && plan.GetProperty("leadToEndpoints").GetInt32() != 0;
        exitCode.Should().Be(isTouched ? ExitCode.Findings : ExitCode.Success, Output);
    }

    /// <summary>Rules that count connections are those of an agent that goes on to count them.</summary>
    [Theory]
    [InlineData("affinity-default", true)]
    [InlineData("source-ranges", true)]
    [InlineData("mix-50-services", true)]
    [InlineData("mix-50-services", false)]
    public async Task RulesThatCountConnectionsNeedNoChange(string name, bool isCounting)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        ArrayBufferWriter<byte> script = new();
        NftablesRenderer.WriteFull(ModelLoader.ReadCase(directory, ProxyMode.Nftables).IPv4, new() { HasServiceCounters = isCounting }, script);

        int exitCode = await RunAsync(new()
        {
            Families = [IpFamily.IPv4],
            Paths = [Path.Combine(directory, "objects.json")],
            ConfigPath = Path.Combine(directory, "config.yaml"),
            Mode = ProxyMode.Nftables,
            NodeName = node.Name,
            NodeAddresses = node.Addresses,
            RuleFiles = [new RuleFile(Write("counting.nft", Encoding.UTF8.GetString(script.WrittenSpan)))],
        });

        exitCode.Should().Be(ExitCode.Success, Output);
    }

    [Theory]
    [InlineData(ProxyMode.Iptables)]
    [InlineData(ProxyMode.Nftables)]
    public async Task OneMoreEndpointIsToldWithShares(string mode)
    {
        (await PlanAsync(Service("web", 10, [5, 6, 7]), Service("web", 10, [5, 6, 7, 8]), mode)).Should().Be(ExitCode.Findings);

        Output.Should().StartWith("~ shop/web:http  10.96.0.10:80/tcp\n    +1 endpoint 10.244.1.8:8080\n    share 33.3 % -> 25 %\n")
            .And.Contain("0 destinations added, 1 changed, 0 removed").And.NotContain("\u001b");
    }

    /// <summary>The numbers are those of the transactions: a chain for the endpoint in iptables, elements only in nftables.</summary>
    [Theory]
    [InlineData(ProxyMode.Iptables, "IPv4: rules +6 -3, chains +1 -0\n")]
    [InlineData(ProxyMode.Nftables, "IPv4: elements of maps and sets +2 -1\n")]
    public async Task RulesAndElementsAreCounted(string mode, string touched)
    {
        await PlanAsync(Service("web", 10, [5, 6, 7]), Service("web", 10, [5, 6, 7, 8]), mode);

        Output.Should().Contain(touched);
    }

    [Theory]
    [InlineData(ProxyMode.Iptables)]
    [InlineData(ProxyMode.Nftables)]
    public async Task ServicesThatComeGoOrLoseTheirEndpointsAreNamed(string mode)
    {
        string before = Service("gone", 10, [5]) + Service("empty", 11, [6]) + Service("same", 12, [7]);
        string after = Service("empty", 11, []) + Service("same", 12, [7]) + Service("new", 13, [8, 9]);

        (await PlanAsync(before, after, mode)).Should().Be(ExitCode.Findings);

        Output.Should().StartWith("""
            ~ shop/empty:http  10.96.0.11:80/tcp
                -1 endpoint 10.244.1.6:8080
                sent to endpoints -> refused
            - shop/gone:http  10.96.0.10:80/tcp
                1 endpoint 10.244.1.5:8080
            + shop/new:http  10.96.0.13:80/tcp
                2 endpoints 10.244.1.8:8080, 10.244.1.9:8080

            """);
        Output.Should().NotContain("shop/same").And.EndWith("2 of 3 stop leading to endpoints\n");
    }

    [Fact]
    public async Task AffinityIsToldInWords()
    {
        await PlanAsync(Service("web", 10, [5]), Service("web", 10, [5], ", sessionAffinity: ClientIP"));

        Output.Should().Contain("    session affinity none -> 10800 s\n");
    }

    [Fact]
    public async Task WhatHasNoWordsOfItsOwnIsShownAsItIs()
    {
        const string Ranges = ", type: LoadBalancer, externalIPs: [198.51.100.7], externalTrafficPolicy: ";
        await PlanAsync(Service("web", 10, [5], Ranges + "Cluster"), Service("web", 10, [5], Ranges + "Local"));

        Output.Should().Contain("~ shop/web:http  198.51.100.7:80/tcp\n").And.Contain(" -> ");
    }

    [Theory]
    [InlineData(50.0, ExitCode.Findings)]
    [InlineData(49.9, ExitCode.Refused)]
    public async Task MaxRemovedRefuses(double percent, int expected)
    {
        int exitCode = await PlanAsync(Service("a", 10, [5]) + Service("b", 11, [6]), Service("a", 10, [5]), percent: percent);

        exitCode.Should().Be(expected);
        _errors.ToString().Contains("refused: 1 of 2 destinations (50 %)", StringComparison.Ordinal).Should().Be(expected == ExitCode.Refused);
    }

    /// <summary>A Service that only the rules still know is named by them.</summary>
    [Fact]
    public async Task ARemovedServiceIsNamedByTheRules()
    {
        string directory = RecordedCases.CaseDirectory("clusterip-1-endpoint");
        RecordedNode node = RecordedNode.Read(directory);
        foreach (string rules in (string[])["iptables/iptables-save.txt", "nftables/nft.json"])
        {
            await RunAsync(new()
            {
                Families = [IpFamily.IPv4],
                Paths = [Write("empty.yaml", Node)],
                NodeAddresses = node.Addresses,
                Mode = rules.StartsWith(ProxyMode.Iptables, StringComparison.Ordinal) ? ProxyMode.Iptables : ProxyMode.Nftables,
                RuleFiles = [new(Path.Combine(directory, rules))],
            });

            Output.Should().MatchRegex("(?m)^- [a-z0-9-]+/[a-z0-9-]+(:[a-z0-9-]+)?  10\\.");
        }
    }

    [Fact]
    public async Task RulesOfTheOtherModeAreTakenOver()
    {
        string directory = RecordedCases.CaseDirectory("clusterip-3-endpoints");
        RecordedNode node = RecordedNode.Read(directory);

        await RunAsync(new()
        {
            Families = [IpFamily.IPv4],
            Paths = [Path.Combine(directory, "objects.json")],
            ConfigPath = Path.Combine(directory, "config.yaml"),
            Mode = ProxyMode.Iptables,
            NodeName = node.Name,
            NodeAddresses = node.Addresses,
            RuleFiles = [new(Path.Combine(directory, "nftables/nft.json"))],
        });

        Output.Should().Contain("The node has rules of mode nftables; they go when those of mode iptables are complete.");
    }

    [Fact]
    public async Task FlowsToEndpointsThatGoAreCounted()
    {
        string flows = Write("flows.txt", "udp 17 29 src=192.0.2.99 dst=10.96.0.10 sport=1000 dport=80 src=10.244.1.5 dst=192.0.2.99 sport=8080 dport=1000 mark=0 use=1\n");
        string udp = Service("web", 10, [5, 6]).Replace("TCP", "UDP", StringComparison.Ordinal);
        string later = Service("web", 10, [6]).Replace("TCP", "UDP", StringComparison.Ordinal);

        await PlanAsync(udp, later, flows: flows, isJson: true);

        JsonElement seen = JsonDocument.Parse(_output.ToArray()).RootElement.GetProperty("flows");
        seen.GetProperty("affected").GetProperty("endpoint-gone").GetInt32().Should().Be(1);
        seen.GetProperty("ofServices").GetInt32().Should().Be(1);
    }

    [Fact]
    public async Task BrokenManifestsMakeNoPlan()
    {
        (await PlanAsync(Service("web", 10, [5]), "kind: Service\nmetadata: [")).Should().Be(ExitCode.Failure);

        _output.Length.Should().Be(0);
        _errors.ToString().Should().Contain("error: ");
    }

    public static TheoryData<string, string> Recordings()
    {
        TheoryData<string, string> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            recordings.Add(name, ProxyMode.Iptables);

            // kube-proxy could not load its own rules, or a chain of frontends ends differently in the two modes.
            if (!RecordedNode.Read(RecordedCases.CaseDirectory(name)).Features.Contains("nftables-sync-fails"))
            {
                recordings.Add(name, ProxyMode.Nftables);
            }
        }

        return recordings;
    }

    private string Output => Encoding.UTF8.GetString(_output.ToArray());

    private static string Service(string name, int number, int[] endpoints, string more = "")
    {
        string listed = string.Join(", ", endpoints.Select(endpoint => $"{{addresses: [10.244.1.{endpoint}]}}"));
        return $$"""
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: {{name}}, namespace: shop}
            spec: {clusterIP: 10.96.0.{{number}}, ports: [{name: http, port: 80, protocol: TCP}]{{more}} }
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: {{name}}-1, namespace: shop, labels: {kubernetes.io/service-name: {{name}} } }
            addressType: IPv4
            ports: [{name: http, port: 8080, protocol: TCP}]
            endpoints: [{{listed}}]

            """;
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<int> PlanAsync(string before, string after, string mode = ProxyMode.Iptables, double? percent = null, string? flows = null, bool isJson = false) => RunAsync(new()
    {
        Families = [IpFamily.IPv4],
        FromPaths = [Write("before.yaml", Node + before)],
        Paths = [Write("after.yaml", Node + after)],
        Mode = mode,
        MostRemovedPercent = percent,
        ConntrackPath = flows,
        IsJson = isJson,
    });

    private Task<int> RunAsync(PlanOptions options)
    {
        CommandStreams streams = new(() => Stream.Null, () => _output = new(), _errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false);
        return new PlanCommand(streams, AgentHost.OfProcess(TimeProvider.System)).RunAsync(options, CancellationToken.None);
    }
}

using System.Text;
using System.Text.Json;
using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.Proxy.Agent.Host;
using KubeProxySharp.Proxy.Commands.Compare;
using KubeProxySharp.Proxy.Commands.DryRun;
using KubeProxySharp.Proxy.Commands.Explain;
using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.Proxy.Commands.Plan;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Proxy.Tests.Commands.Inputs;

/// <summary>The commands with an API server in place of manifests: the answers are the same, and it is said what was asked, or what is missing.</summary>
public sealed class ApiServerInputTests : IAsyncLifetime, IDisposable
{
    private const string Pod = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"client","namespace":"shop"},"spec":{"nodeName":"node-b"},"status":{"podIP":"10.244.2.9","podIPs":[{"ip":"10.244.2.9"}]}}""";

    private static readonly string[] s_objects =
    [
        Node("node-a", "192.0.2.10", "east"),
        Node("node-b", "192.0.2.11", "west"),
        Node("node-c", "192.0.2.12", "west"),
        """{"kind":"ServiceCIDR","apiVersion":"networking.k8s.io/v1","metadata":{"name":"kubernetes"},"spec":{"cidrs":["10.96.0.0/16"]}}""",
        """{"kind":"Service","apiVersion":"v1","metadata":{"name":"empty","namespace":"shop"},"spec":{"type":"ClusterIP","clusterIP":"10.96.0.11","clusterIPs":["10.96.0.11"],"ports":[{"port":81,"protocol":"TCP"}]}}""",
        """{"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"},"spec":{"type":"LoadBalancer","clusterIP":"10.96.0.10","clusterIPs":["10.96.0.10"],"externalTrafficPolicy":"Local","healthCheckNodePort":31000,"internalTrafficPolicy":"Local","ports":[{"name":"http","port":80,"protocol":"TCP","nodePort":30080}]},"status":{"loadBalancer":{"ingress":[{"ip":"198.51.100.7"}]}}}""",
        """{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"web-1","namespace":"shop","labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4","ports":[{"name":"http","port":8080,"protocol":"TCP"}],"endpoints":[{"addresses":["10.244.1.5"],"nodeName":"node-a","conditions":{"ready":true,"serving":true}},{"addresses":["10.244.2.6"],"nodeName":"node-b","conditions":{"ready":false,"serving":true,"terminating":true}}]}""",
    ];

    private const string Endpoint = """{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web-0","namespace":"shop"},"spec":{"nodeName":"node-a"},"status":{"podIP":"10.244.1.5","podIPs":[{"ip":"10.244.1.5"}]}}""";

    private readonly List<string> _podNamespaces = [];
    private readonly string _directory = Directory.CreateTempSubdirectory("kps-api-").FullName;
    private readonly HashSet<string> _forbidden = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private FakeApiServer _server = null!; // by InitializeAsync

    public async Task InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync(new FakeApiOptions { Intercept = ServePods, Authorize = (_, _, type) => !_forbidden.Contains(type.Plural) });
        foreach (string json in s_objects)
        {
            _server.Store.Put(json);
        }

        await File.WriteAllTextAsync(At("kubeconfig"), _server.Kubeconfig());
        await File.WriteAllTextAsync(At("pods.json"), $$"""{"kind":"List","apiVersion":"v1","items":[{{string.Join(',', [.. s_objects, Pod, Endpoint])}}]}""");
        await File.WriteAllTextAsync(At("all.json"), $$"""{"kind":"List","apiVersion":"v1","items":[{{string.Join(',', [.. s_objects, Pod])}}]}""");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("pod:shop/client", "svc:shop/web")]
    [InlineData("10.244.2.9", "10.96.0.10:80")]
    [InlineData("outside", "198.51.100.7:80")]
    [InlineData("pod:shop/client", "svc:shop/empty")]
    public async Task ExplainAnswersAsWithManifests(string from, string to)
    {
        string? node = from.StartsWith("pod:", StringComparison.Ordinal) ? null : "node-b";
        ExplainOptions options = new() { From = from, To = to, NodeName = node, Format = ExplainFormat.Json };

        Run manifests = await ExplainAsync(options with { Paths = [At("all.json")] });
        Run server = await ExplainAsync(options with { Kubeconfig = At("kubeconfig") });

        server.Should().Be(manifests);
        JsonDocument.Parse(server.Output).RootElement.GetProperty("node").GetString().Should().Be("node-b");
    }

    /// <summary>Later legs need the Pods of the Services on the way; those of other namespaces are not asked for.</summary>
    [Theory]
    [InlineData("svc:shop/web")]
    [InlineData("10.96.0.10:80")]
    [InlineData("198.51.100.7:80")]
    [InlineData("192.0.2.10:30080")]
    public async Task LaterLegsStartFromPodsWithTheirNames(string to)
    {
        ExplainOptions options = new() { From = "pod:shop/client", To = to, Then = ["svc:shop/empty"], NodeName = "node-a", Format = ExplainFormat.Json };

        Run manifests = await ExplainAsync(options with { Paths = [At("pods.json")] });
        Run server = await ExplainAsync(options with { Kubeconfig = At("kubeconfig") });

        server.Should().Be(manifests);
        server.Output.Should().Contain("pod shop/web-0");
        _podNamespaces.Should().Equal("shop");
    }

    [Fact]
    public async Task LaterLegsNameNoPodsThatMayNotBeListed()
    {
        _forbidden.Add("pods");

        Run run = await ExplainAsync(new() { From = "outside", To = "svc:shop/web", Then = ["svc:shop/empty"], NodeName = "node-a", Kubeconfig = At("kubeconfig") });

        run.ExitCode.Should().Be(ExitCode.Success);
        run.Errors.Should().Contain("note: the verb list on pods in namespace shop is not permitted; pods are named by their addresses");
        run.Output.Should().Contain("endpoint 10.244.1.5");
    }

    [Theory]
    [InlineData("iptables")]
    [InlineData("nftables")]
    public async Task DryRunPrintsTheSameRules(string mode)
    {
        DryRunOptions options = new() { NodeName = "node-a", Mode = mode, Families = [IpFamily.IPv4, IpFamily.IPv6] };

        Run manifests = await DryRunAsync(options with { Paths = [At("all.json")] });
        Run server = await DryRunAsync(options with { Kubeconfig = At("kubeconfig") });

        server.Should().Be(manifests);
        server.Output.Should().Contain("10.244.1.5");
    }

    [Fact]
    public async Task PlanVerifyAndCompareTakeIt()
    {
        File.WriteAllText(At("rules.txt"), (await DryRunAsync(new() { NodeName = "node-a", Paths = [At("all.json")], Families = [IpFamily.IPv4] })).Output);
        RuleFile[] rules = [new(At("rules.txt"), IpFamily.IPv4)];
        ClusterOptions cluster = new() { Kubeconfig = At("kubeconfig"), NodeName = "node-a" };

        Run plan = await WithAsync((streams, host) => new PlanCommand(streams, host).RunAsync(new() { Kubeconfig = cluster.Kubeconfig, NodeName = "node-a", RuleFiles = rules, Families = [IpFamily.IPv4] }, CancellationToken.None));
        Run verify = await WithAsync((streams, host) => new VerifyCommand(streams, host).RunAsync(new() { Kubeconfig = cluster.Kubeconfig, NodeName = "node-a", RuleFiles = rules, Families = [IpFamily.IPv4] }, CancellationToken.None));
        Run compare = await WithAsync((streams, host) => new CompareCommand(streams, host).RunAsync(
            new() { A = cluster with { Paths = ["ipv4:" + At("rules.txt")] }, B = cluster with { Paths = [SideReader.Cluster] }, Families = [IpFamily.IPv4], Ignored = [] }, CancellationToken.None));

        plan.ExitCode.Should().Be(ExitCode.Success, plan.Output + plan.Errors);
        verify.ExitCode.Should().Be(ExitCode.Success, verify.Output + verify.Errors);
        compare.ExitCode.Should().Be(ExitCode.Success, compare.Output + compare.Errors);
        compare.Output.Should().Contain("the cluster, as iptables rules on node node-a");
    }

    /// <summary>Lists are longer than a page.</summary>
    [Fact]
    public async Task AllPagesAreRead()
    {
        for (int index = 0; index < 1100; index++)
        {
            _server.Store.Put($$"""{"kind":"Service","apiVersion":"v1","metadata":{"name":"s{{index:0000}}","namespace":"many"},"spec":{"clusterIP":"10.96.{{10 + (index / 250)}}.{{index % 250}}","clusterIPs":["10.96.{{10 + (index / 250)}}.{{index % 250}}"],"ports":[{"port":80,"protocol":"TCP"}] } }""");
        }

        Run run = await DryRunAsync(new() { NodeName = "node-a", Kubeconfig = At("kubeconfig"), Families = [IpFamily.IPv4] });

        run.Output.Split('\n').Count(static line => line.Contains("\"many/s", StringComparison.Ordinal)).Should().Be(1100);
    }

    /// <summary>KUBECONFIG with several files: the first entry of a name counts, files that are missing are left out, and the context is named.</summary>
    [Fact]
    public async Task KubeconfigsAreFoundAndMergedAsKubectlDoes()
    {
        File.WriteAllText(At("first"), "kind: Config\ncontexts: [{name: other, context: {cluster: fake, user: fake}}]\nusers: [{name: unused, user: {token: x}}]\n");
        _environment["KUBECONFIG"] = $"{At("none")}:{At("first")}:{At("kubeconfig")}";
        ExplainOptions options = new() { From = "outside", To = "svc:shop/web", NodeName = "node-a" };

        Run current = await ExplainAsync(options);
        Run other = await ExplainAsync(options with { Context = "other" });
        Run none = await ExplainAsync(options with { Context = "absent" });

        current.ExitCode.Should().Be(ExitCode.Success);
        current.Errors.Should().Be($"note: asking the API server {_server.SecureUri} (context fake of {At("first")}:{At("kubeconfig")})\n");
        other.Should().Be(current with { Errors = "" });
        none.ExitCode.Should().Be(ExitCode.Failure);
        none.Errors.Should().Contain("--context is \"absent\"").And.Contain("it has \"fake\", \"other\"");
    }

    [Fact]
    public async Task TheFileInTheHomeDirectoryIsUsedLast()
    {
        Directory.CreateDirectory(At(".kube"));
        File.Copy(At("kubeconfig"), At(".kube/config"));
        _environment["HOME"] = _directory;

        Run run = await DryRunAsync(new() { NodeName = "node-a", Families = [IpFamily.IPv4] });

        run.Errors.Should().Contain($"(context fake of {At(".kube/config")})");
        run.ExitCode.Should().Be(ExitCode.Success);
    }

    [Theory]
    [InlineData(null, "error: no API server is at hand")]
    [InlineData("staging", "error: --context staging: no API server is at hand")]
    public async Task WithoutAnyKubeconfigItIsSaidWhatToGive(string? context, string error)
    {
        Run run = await DryRunAsync(new() { NodeName = "node-a", Context = context, Families = [IpFamily.IPv4] });

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Errors.Should().StartWith(error).And.Contain("give --kubeconfig FILE, or manifests with -f");
    }

    /// <summary>All that is missing is named at once, with verb and resource.</summary>
    [Fact]
    public async Task MissingRightsAreNamedWithVerbAndResource()
    {
        _forbidden.UnionWith(["nodes", "endpointslices"]);

        Run run = await ExplainAsync(new() { From = "pod:shop/client", To = "svc:shop/web", Kubeconfig = At("kubeconfig") });

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Output.Should().BeEmpty();
        run.Errors.Should().Contain("the missing rights are list on nodes, list on endpointslices.discovery.k8s.io;")
            .And.Contain("context fake of ")
            .And.Contain("--verb=list --resource=nodes,pods,services,endpointslices.discovery.k8s.io,servicecidrs.networking.k8s.io");
    }

    [Fact]
    public async Task PodsAreNotNeededForAnAddressAndServiceCidrsForNoAnswer()
    {
        _forbidden.UnionWith(["servicecidrs", "pods"]);

        Run run = await ExplainAsync(new() { From = "10.244.2.9", To = "svc:shop/web", NodeName = "node-a", Kubeconfig = At("kubeconfig") });

        run.ExitCode.Should().Be(ExitCode.Success);
        run.Errors.Should().Contain("note: the verb list on pods is not permitted; whether a Pod has the address is not known")
            .And.Contain("note: the verb list on servicecidrs.networking.k8s.io is not permitted");
    }

    [Fact]
    public async Task RefusedCredentialsAreNotAMissingRight()
    {
        _server.RevokeToken(_server.Options.Token);

        Run run = await DryRunAsync(new() { NodeName = "node-a", Kubeconfig = At("kubeconfig"), Families = [IpFamily.IPv4] });

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Errors.Should().Contain("does not accept the credentials of context fake").And.Contain("401");
    }

    /// <summary>On each node what it would do, where they differ, and why.</summary>
    [Fact]
    public async Task EveryNodeIsInOneTable()
    {
        ExplainOptions options = new() { From = "outside", To = "198.51.100.7:80", NodeName = ExplainOptions.AllNodes, Kubeconfig = At("kubeconfig") };

        Run text = await ExplainAsync(options);
        Run json = await ExplainAsync(options with { Format = ExplainFormat.Json });
        Run manifests = await ExplainAsync(options with { Kubeconfig = null, Paths = [At("all.json")] });

        text.Should().Be(manifests);
        text.ExitCode.Should().Be(ExitCode.Success);
        text.Output.Should().MatchRegex("node-a +east +[A-C] +sent to 10\\.244\\.1\\.5:8080")
            .And.MatchRegex("node-b +west +[A-C] +sent to 10\\.244\\.2\\.6:8080")
            .And.MatchRegex("node-c +west +[A-C] +dropped")
            .And.Contain("externalTrafficPolicy").And.Contain("terminating");
        JsonElement root = JsonDocument.Parse(json.Output).RootElement;
        root.GetProperty("differs").GetBoolean().Should().BeTrue();
        root.GetProperty("nodes").EnumerateArray().Select(static node => node.GetProperty("paths")[0].GetProperty("verdict").GetString()).Should().Equal("accept", "accept", "drop");
    }

    /// <summary>The table says of a node what an answer for that node alone says.</summary>
    [Theory]
    [InlineData("outside", "198.51.100.7:80")]
    [InlineData("outside", "svc:shop/web")]
    [InlineData("node", "svc:shop/web")]
    public async Task TheTableAgreesWithTheAnswerOfEachNode(string from, string to)
    {
        ExplainOptions options = new() { From = from, To = to, Paths = [At("all.json")], Format = ExplainFormat.Json };

        JsonElement table = JsonDocument.Parse((await ExplainAsync(options with { NodeName = ExplainOptions.AllNodes })).Output).RootElement;

        foreach (JsonElement node in table.GetProperty("nodes").EnumerateArray())
        {
            JsonElement alone = JsonDocument.Parse((await ExplainAsync(options with { NodeName = node.GetProperty("name").GetString() })).Output).RootElement;
            node.GetProperty("answer").GetString().Should().Be(alone.GetProperty("walks")[0].GetProperty("answer").GetString());
        }
    }

    [Fact]
    public async Task TheTableIsNotMadeOfOneNodesRules()
    {
        Run run = await ExplainAsync(new() { From = "outside", To = "198.51.100.7:80", NodeName = ExplainOptions.AllNodes, Paths = [At("all.json")], RuleFiles = [new("rules.txt")] });

        run.ExitCode.Should().Be(ExitCode.Failure);
        run.Errors.Should().Contain("--node all: saved rules are those of one node");
    }

    private static string Node(string name, string address, string zone) =>
        $$"""{"kind":"Node","apiVersion":"v1","metadata":{"name":"{{name}}","labels":{"topology.kubernetes.io/zone":"{{zone}}"} },"spec":{},"status":{"addresses":[{"type":"InternalIP","address":"{{address}}"}] } }""";

    /// <summary>The server has no Pods; this answers for them, as far as the commands ask.</summary>
    private async Task<bool> ServePods(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        if (!path.EndsWith("/pods", StringComparison.Ordinal))
        {
            return false;
        }

        string selector = context.Request.Query["fieldSelector"].ToString();
        if (selector.Length == 0)
        {
            _podNamespaces.Add(path.Split('/')[^2]);
        }

        bool isFound = selector is "metadata.name=client" or "status.podIP=10.244.2.9";
        context.Response.ContentType = "application/json";
        context.Response.StatusCode = _forbidden.Contains("pods") ? 403 : 200;
        await context.Response.WriteAsync(_forbidden.Contains("pods")
            ? """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"pods is forbidden","reason":"Forbidden","code":403}"""
            : $$"""{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{{(isFound ? Pod : selector.Length == 0 && path.Contains("/shop/", StringComparison.Ordinal) ? $"{Pod},{Endpoint}" : "")}}]}""");
        return true;
    }

    private string At(string name) => Path.Combine(_directory, name);

    private Task<Run> ExplainAsync(ExplainOptions options) => WithAsync((streams, host) => new ExplainCommand(streams, host).RunAsync(options, CancellationToken.None));

    private Task<Run> DryRunAsync(DryRunOptions options) =>
        WithAsync((streams, host) => new DryRunCommand(streams.OpenInput, streams.OpenOutput, streams.Errors).RunAsync(options, host, CancellationToken.None));

    private async Task<Run> WithAsync(Func<CommandStreams, AgentHost, Task<int>> command)
    {
        MemoryStream output = new();
        StringWriter errors = new() { NewLine = "\n" };
        AgentHost host = AgentHost.OfProcess(TimeProvider.System) with { Environment = name => _environment.GetValueOrDefault(name) };
        int exitCode = await command(new(() => Stream.Null, () => output, errors, IsOutputOnTerminal: false, AreErrorsOnTerminal: false), host);
        return new(exitCode, Encoding.UTF8.GetString(output.ToArray()), errors.ToString());
    }

    private sealed record Run(int ExitCode, string Output, string Errors);
}

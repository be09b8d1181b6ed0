using System.Net;
using System.Text.Json.Nodes;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>What a running agent tells the API server, load balancers and whoever asks, and how it takes changes of the node.</summary>
[Trait("Category", "Netns")]
public sealed class AgentReportsTests
{
    private const string Taint = """{"taints":[{"key":"ToBeDeletedByClusterAutoscaler","value":"1","effect":"NoSchedule"}]}""";

    private static readonly Uri s_healthz = new("http://127.0.0.1:10256/healthz");
    private static readonly Uri s_livez = new("http://127.0.0.1:10256/livez");

    [SkippableFact]
    public async Task TheStartIsAnEventOfTheNode()
    {
        await using AgentLab lab = await StartAsync(new(), ApiObjects.Node());

        await lab.UntilAsync(() => lab.Server.Store.Count(ResourceType.Events) != 0, () => "no Event");

        JsonNode started = JsonNode.Parse(lab.Server.Store.All(ResourceType.Events).Single())!;
        Text(started, "reason").Should().Be("Starting");
        Text(started, "action").Should().Be("StartKubeProxy");
        Text(started, "type").Should().Be("Normal");
        Text(started, "reportingController").Should().Be("kube-proxy");
        Text(started["regarding"]!, "kind").Should().Be("Node");
        Text(started["regarding"]!, "name").Should().Be(ApiObjects.NodeName);
    }

    [SkippableTheory]
    [InlineData(Taint, "")]
    [InlineData("{}", ",\"deletionTimestamp\":\"2026-11-20T15:00:00Z\"")]
    public async Task ANodeThatGoesAwayGetsNoNewTraffic(string spec, string metadata)
    {
        await using AgentLab lab = await StartAsync(new(), ApiObjects.Node());
        await UntilAsync(lab, s_healthz, HttpStatusCode.OK);

        lab.Put(ApiObjects.Node(spec, metadata));
        string body = await UntilAsync(lab, s_healthz, HttpStatusCode.ServiceUnavailable);
        body.Should().Contain("\"nodeEligible\":false");
        await UntilAsync(lab, s_livez, HttpStatusCode.OK);

        lab.Put(ApiObjects.Node());
        await UntilAsync(lab, s_healthz, HttpStatusCode.OK);
    }

    [SkippableFact]
    public async Task TheMetricsSayWhetherTheServerIsListenedTo()
    {
        await using AgentLab lab = await StartAsync(new(), ApiObjects.Node(), ApiObjects.ServiceCidr("kubernetes", "10.96.0.0/16"));
        await AgentMetrics.UntilWatchesAreAsync(lab, "watching");

        await lab.Server.StopListeningAsync();
        await AgentMetrics.UntilWatchesAreAsync(lab, "backing_off");

        await lab.Server.StartListeningAsync();
        await AgentMetrics.UntilWatchesAreAsync(lab, "watching");
    }

    [SkippableFact]
    public async Task AnotherPodCidrEndsTheProgramForARestart()
    {
        KubeProxyConfiguration configuration = new() { DetectLocalMode = "NodeCIDR" };
        await using AgentLab lab = await StartAsync(configuration, PodCidr("10.244.7.0/24"), ApiObjects.Service("web", "10.96.0.10"), ApiObjects.Slice("web", "10.244.0.1"));
        string[] before = [.. lab.NftTable(IpFamily.IPv4).Where(IsElement)];

        lab.Put(PodCidr("10.244.8.0/24"));

        (await lab.Agent.WaitForExitAsync(AgentLab.Patience)).Should().Be(1, lab.Agent.Log);
        lab.Agent.Log.Should().Contain("10.244.7.0/24").And.Contain("10.244.8.0/24");
        lab.NftTable(IpFamily.IPv4).Where(IsElement).Should().Equal(before);

        static string PodCidr(string cidr) => ApiObjects.Node($$"""{"podCIDR":"{{cidr}}","podCIDRs":["{{cidr}}"]}""");
        static bool IsElement(string line) => line.StartsWith("elem ", StringComparison.Ordinal);
    }

    /// <summary>Long before anything is due by itself.</summary>
    [SkippableFact]
    public async Task AnotherServiceCidrIsInTheRulesAtOnce()
    {
        KubeProxyConfiguration configuration = new() { Nftables = new() { SyncPeriod = TimeSpan.FromHours(1) } };
        await using AgentLab lab = await StartAsync(configuration, ApiObjects.Node(), ApiObjects.ServiceCidr("kubernetes", "10.96.0.0/16"));

        lab.Put(ApiObjects.ServiceCidr("more", "10.128.0.0/16", "fd00:97::/112"));
        await lab.UntilRulesAreThereAsync();
        lab.NftTable(IpFamily.IPv4).Should().Contain(line => line.Contains("10.128.0.0", StringComparison.Ordinal));

        lab.Server.Store.Delete(ResourceType.ServiceCidrs, null, "more");
        await lab.UntilRulesAreThereAsync();
        lab.NftTable(IpFamily.IPv4).Should().NotContain(line => line.Contains("10.128.0.0", StringComparison.Ordinal));
    }

    [SkippableFact]
    public async Task AHealthCheckNodePortTellsTheNumberOfLocalEndpoints()
    {
        string service = ApiObjects.Service("web", "10.96.0.10", ",\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\",\"healthCheckNodePort\":32000");
        await using AgentLab lab = await StartAsync(new(), ApiObjects.Node(), service, ApiObjects.Slice("web", "10.244.0.1", "10.244.0.2"));
        Uri port = new($"http://{ApiObjects.NodeAddresses[0]}:32000/");

        JsonNode full = JsonNode.Parse(await UntilAsync(lab, port, HttpStatusCode.OK))!;
        full["localEndpoints"]!.GetValue<int>().Should().Be(2);
        Text(full["service"]!, "namespace").Should().Be("shop");
        Text(full["service"]!, "name").Should().Be("web");

        lab.Put(ApiObjects.Slice("web"));
        JsonNode empty = JsonNode.Parse(await UntilAsync(lab, port, HttpStatusCode.ServiceUnavailable))!;
        empty["localEndpoints"]!.GetValue<int>().Should().Be(0);

        lab.Server.Store.Delete(ResourceType.Services, "shop", "web");
        await UntilAsync(lab, port, null);
    }

    private static async Task<AgentLab> StartAsync(KubeProxyConfiguration configuration, params string[] objects)
    {
        AgentLab lab = await AgentLab.CreateOrSkipAsync();
        try
        {
            lab.Put(objects);
            lab.StartAgent(configuration);
            await lab.UntilRulesAreThereAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync();
            throw;
        }
    }

    private static string Text(JsonNode node, string name) => node[name]!.GetValue<string>();

    /// <summary>Asks until the answer has a code; null means until nobody listens.</summary>
    private static async Task<string> UntilAsync(AgentLab lab, Uri address, HttpStatusCode? code)
    {
        (HttpStatusCode? Code, string Body) last = default;
        long start = TimeProvider.System.GetTimestamp();
        do
        {
            last = await AskAsync(lab, address);
            if (last.Code == code)
            {
                return last.Body;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
        while (TimeProvider.System.GetElapsedTime(start) < AgentLab.Patience);

        throw new TimeoutException($"{address} answers {last.Code}, not {code}: {last.Body}\n{lab.Agent.Log}");
    }

    private static async Task<(HttpStatusCode? Code, string Body)> AskAsync(AgentLab lab, Uri address)
    {
        try
        {
            using HttpResponseMessage response = await lab.Http.GetAsync(address);
            return (response.StatusCode, await response.Content.ReadAsStringAsync());
        }
        catch (HttpRequestException e)
        {
            return (null, e.Message);
        }
    }
}

using System.Diagnostics;
using System.Globalization;
using KubeProxySharp.FakeApi;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Http;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Tests.Connection;
using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit.Abstractions;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>
/// Outages and recoveries of a real server, over real connections and in real time. The limits are generous, the figures
/// are printed. KPS_AWAY_SECONDS sets the duration of an outage (2 by default).
/// </summary>
public sealed class ServerAwayTests(ITestOutputHelper output) : IDisposable
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan s_away = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("KPS_AWAY_SECONDS"), CultureInfo.InvariantCulture, out double seconds) ? seconds : 2);

    private readonly ConnectionBench _folder = new();

    public static TheoryData<OutageKind, bool> WaysAndLists
    {
        get
        {
            TheoryData<OutageKind, bool> data = [];
            foreach (OutageKind kind in new[] { OutageKind.Refused, OutageKind.AcceptsAndCloses, OutageKind.Hangs, OutageKind.Unavailable })
            {
                // Every second combination, and all of them in nightly runs: a row takes three seconds.
                bool usual = kind is OutageKind.Refused or OutageKind.Hangs;
                data.Add(kind, usual);
                if (Nightly.IsOn)
                {
                    data.Add(kind, !usual);
                }
            }

            return data;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(WaysAndLists))]
    public async Task AChangeMadeWhenTheServerIsBackIsSeenSoon(OutageKind kind, bool hasStreamingLists)
    {
        await using FakeApiServer server = await StartAsync(hasStreamingLists);
        server.Store.Put(ServiceOf("old", 1));
        await using SimulatedAgent agent = SimulatedAgent.Start(server, _folder);
        await UntilAsync(() => agent.State == "old=10.96.0.1", agent);

        await server.StartOutageAsync(kind);
        await PassAsync(s_away);
        await server.RecoverAsync(new RecoveryOptions { IsRestarted = true });
        server.Store.Put(ServiceOf("new", 2));

        TimeSpan took = await UntilAsync(() => agent.State == "new=10.96.0.2 old=10.96.0.1", agent);
        output.WriteLine($"{kind}, streaming lists {hasStreamingLists}: seen after {took.TotalSeconds:F2} s");
    }

    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(WaysAndLists))]
    public async Task AServerThatWasPutBackIsFollowed(OutageKind kind, bool hasStreamingLists)
    {
        await using FakeApiServer server = await StartAsync(hasStreamingLists);
        server.Store.Put(ServiceOf("kept", 1));
        StoreState state = server.Store.Save();
        server.Store.Put(ServiceOf("kept", 2));
        server.Store.Put(ServiceOf("lost", 3));
        server.Store.AdvanceTo(1000);
        await using SimulatedAgent agent = SimulatedAgent.Start(server, _folder);
        await UntilAsync(() => agent.State == "kept=10.96.0.2 lost=10.96.0.3", agent);

        await server.StartOutageAsync(kind);
        await PassAsync(s_away);
        await server.RecoverAsync(new RecoveryOptions { RolledBackTo = state });
        server.Store.Put(ServiceOf("fresh", 4));

        TimeSpan took = await UntilAsync(() => agent.State == "fresh=10.96.0.4 kept=10.96.0.1", agent);
        output.WriteLine($"{kind}, streaming lists {hasStreamingLists}: right after {took.TotalSeconds:F2} s");

        // The watch goes on from the versions of now.
        server.Store.Delete(ResourceType.Services, "default", "kept");
        await UntilAsync(() => agent.State == "fresh=10.96.0.4", agent);
    }

    /// <summary>A watch that ends when its time is over goes on where it was: nothing is listed again.</summary>
    [Fact]
    public async Task AnOrdinaryEndListsNothingAgain()
    {
        await using FakeApiServer server = await StartAsync(hasStreamingLists: true);
        server.Store.Put(ServiceOf("old", 1));
        await using SimulatedAgent agent = SimulatedAgent.Start(server, _folder);
        await UntilAsync(() => agent.State == "old=10.96.0.1", agent);
        await PassAsync(TimeSpan.FromSeconds(1.2)); // shorter watches are suspicious

        server.Faults.Inject(new EndFault(), ResourceType.Services);
        await UntilAsync(() => server.Requests.Where(IsWatchOfServices).Count == 2, agent);
        server.Store.Put(ServiceOf("new", 2));
        await UntilAsync(() => agent.State == "new=10.96.0.2 old=10.96.0.1", agent);

        server.Requests.Where(IsWatchOfServices)[1].Parameter("sendInitialEvents").Should().BeNull();
        server.Requests.Where(IsWatchOfServices).Should().HaveCount(2);
    }

    /// <summary>All resources of an agent share one probe, and an unavailable server gets few of them.</summary>
    [Fact]
    public async Task OneQuestionIsAskedForAllResources()
    {
        await using FakeApiServer server = await StartAsync(hasStreamingLists: true);
        await using SimulatedAgent agent = SimulatedAgent.Start(server, _folder);
        await UntilAsync(() => server.OpenWatches() == 2, agent);
        server.Requests.Clear();

        await server.StartOutageAsync(OutageKind.Unavailable);
        await PassAsync(TimeSpan.FromSeconds(3));

        server.Requests.Where(request => request.Type is not null).Should().BeEmpty("nothing but the question is asked");
        server.Requests.Where(request => request.Path == "/readyz").Should().HaveCountLessThanOrEqualTo(6).And.NotBeEmpty();
        await server.RecoverAsync(new RecoveryOptions());
    }

    [Trait("Category", "Slow")]
    [Fact]
    public async Task AnExpiredTokenThatIsReplacedIsUsedAtOnce()
    {
        await using FakeApiServer server = await StartAsync(hasStreamingLists: true);
        string token = _folder.Write("the-token", server.Options.Token);
        string kubeconfig = server.Kubeconfig().Replace($"token: {server.Options.Token}", $"tokenFile: {token}", StringComparison.Ordinal);
        server.Store.Put(ServiceOf("old", 1));
        await using SimulatedAgent agent = new(ApiConnection.FromKubeconfig(
            _folder.Write("kubeconfig", kubeconfig), "", new ConnectionSettings { QueriesPerSecond = -1 }));
        await UntilAsync(() => agent.State == "old=10.96.0.1", agent);
        server.RevokeToken(server.Options.Token);
        server.DropConnections();
        await UntilAsync(() => agent.Problems.Count(problem => problem.Contains("401", StringComparison.Ordinal)) >= 2, agent);
        await PassAsync(TimeSpan.FromSeconds(5)); // the pauses have grown

        server.Store.Put(ServiceOf("new", 2));
        server.AddToken("second", "system:kube-proxy");
        _folder.Write("the-token", "second");

        TimeSpan took = await UntilAsync(() => agent.State == "new=10.96.0.2 old=10.96.0.1", agent);
        output.WriteLine($"seen {took.TotalSeconds:F2} s after the token was replaced");
    }

    /// <summary>Nodes that were all told the same by an overloaded server do not come back in step.</summary>
    [Trait("Category", "Slow")]
    [Fact]
    public async Task AThousandAgentsComeApartWhenTheServerIsOverloaded()
    {
        const int Count = 1000;
        await using FakeApiServer server = await StartAsync(hasStreamingLists: true);
        server.Faults.Inject(AnswerFault.TooManyRequests(), ResourceType.Services, FaultInjector.UntilCleared);
        using SocketsHttpHandler handler = new() { UseProxy = false }; // without TLS each watch has a connection of its own
        using ApiConnection connection = new(server.ClearHttp1Uri, handler, stop => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stop));
        using CancellationTokenSource stop = new();
        DelayLogger<Reflector<Service>>[] logs = [.. Enumerable.Range(0, Count).Select(_ => new DelayLogger<Reflector<Service>>())];
        Task[] runs = [.. Enumerable.Range(0, Count).Select(number => new Reflector<Service>(
            new ApiClient(
                connection,
                new ApiClientOptions { UserAgent = $"agent-{number}" },
                new NullObserver(),
                TimeProvider.System,
                NullLogger<ApiClient>.Instance),
            ApiResources.Services,
            new RecordingSink(),
            logs[number],
            new Random(number)).RunAsync(stop.Token))];

        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));
        while (server.Requests.Where(IsWatchOfServices).GroupBy(request => request.Headers["User-Agent"], StringComparer.Ordinal).Count(requests => requests.Skip(1).Any()) < Count)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, patience.Token);
        }

        await stop.CancelAsync();
        await Task.WhenAll(runs).Awaiting(all => all).Should().ThrowAsync<OperationCanceledException>();

        // What the agents decide is judged, and that they keep to it: on a busy machine answers come late, and in heaps.
        double[] waits = [.. logs.Select(log => log.Delays[0].TotalSeconds)];
        Dictionary<string, double> seen = server.Requests.Where(IsWatchOfServices)
            .GroupBy(request => request.Headers["User-Agent"], request => request.Time, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => (group.Order().ElementAt(1) - group.Min()).TotalSeconds, StringComparer.Ordinal);
        double[] lists = [.. seen.Values.Order()];
        output.WriteLine($"lists after the 429: first {lists[0]:F2} s, median {lists[Count / 2]:F2} s, last {lists[^1]:F2} s");
        for (int number = 0; number < Count; number++)
        {
            seen[$"agent-{number}"].Should().BeGreaterThan(waits[number] - 0.01);
        }

        waits.Min().Should().BeGreaterThan(0.99, "the server asked for a second");
        (waits.Max() - waits.Min()).Should().BeGreaterThan(5);
        waits.CountBy(wait => (int)wait).Max(second => second.Value).Should().BeLessThan(Count / 3);
    }

    private static bool IsWatchOfServices(RequestRecord request) => request.Type == ResourceType.Services && request.Verb == "watch";

    private static Task<FakeApiServer> StartAsync(bool hasStreamingLists) =>
        FakeApiServer.StartAsync(new FakeApiOptions { WatchList = hasStreamingLists ? WatchListSupport.On : WatchListSupport.Refused });

    private static Task PassAsync(TimeSpan time) => Task.Delay(time, TimeProvider.System, CancellationToken.None);

    private static async Task<TimeSpan> UntilAsync(Func<bool> condition, SimulatedAgent agent)
    {
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(start).Should().BeLessThan(s_limit, "the state is {0}", agent.State);
            await PassAsync(TimeSpan.FromMilliseconds(10));
        }

        return Stopwatch.GetElapsedTime(start);
    }

    private static string ServiceOf(string name, int address) =>
        $$$"""
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"{{{name}}}","namespace":"default"},
         "spec":{"type":"ClusterIP","clusterIP":"10.96.0.{{{address}}}","clusterIPs":["10.96.0.{{{address}}}"],"ipFamilies":["IPv4"],
                 "ports":[{"port":80,"protocol":"TCP","targetPort":80}]}}
        """;

    private sealed class NullObserver : IApiObserver
    {
        public void OnRequest(in ApiRequestReport report)
        {
            // The server counts.
        }

        public void OnResourceVersion(string resource, string resourceVersion)
        {
            // Only the times of the requests are wanted.
        }

        public void OnProblem(string resource, string? problem)
        {
            // Only the times of the requests are wanted.
        }
    }
}

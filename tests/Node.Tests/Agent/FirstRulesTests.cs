using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Http;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Transport;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>Nothing is written before everything is known: what an agent before left is better than half of the rules.</summary>
[Trait("Category", "Netns")]
public sealed class FirstRulesTests
{
    private const int TypesButSlices = 3;

    [SkippableTheory]
    [InlineData("services")]
    [InlineData("endpointslices")]
    [InlineData("nodes")]
    public Task NothingIsWrittenBeforeAResourceIsListed(string plural)
    {
        ResourceType missing = ResourceType.All.Single(type => type.Plural == plural);
        string[] others = plural == "nodes" ? [] : [.. new[] { "services", "endpointslices", "nodes" }.Where(other => other != plural)];
        return FaultyServer.IsThereFromTheStartAsync(
            lab => lab.Server.Faults.Inject(new HangFault(), missing, FaultInjector.UntilCleared),
            async lab =>
            {
                int asked = lab.Server.Requests.Where(request => request.Type == missing).Count;
                await lab.UntilAsync(() => lab.Server.Requests.Where(request => request.Type == missing).Count > asked, () => $"{plural} are not asked for");
                foreach (string other in others)
                {
                    await lab.UntilLoggedAsync($"{other}: listed");
                }
            },
            lab => lab.Server.Faults.Clear());
    }

    [SkippableFact]
    public Task TheServerMayComeAfterTheAgent() => FaultyServer.IsThereFromTheStartAsync(
        lab => lab.Server.StopListeningAsync().GetAwaiter().GetResult(),
        lab => lab.UntilLoggedAsync("cannot be reached"),
        lab => lab.Server.StartListeningAsync().GetAwaiter().GetResult());

    [SkippableTheory]
    [InlineData(ServerCertificate.UnknownAuthority)]
    [InlineData(ServerCertificate.WrongName)]
    public Task AServerThatIsNotTheRightOneIsNotListenedTo(ServerCertificate certificate) => FaultyServer.IsThereFromTheStartAsync(
        lab => lab.Server.Certificate = certificate,
        lab => lab.UntilLoggedAsync("the server's certificate"),
        lab => lab.Server.Certificate = ServerCertificate.Valid);

    [SkippableFact]
    public Task ATokenThatTheServerDoesNotKnowYet() => FaultyServer.IsThereFromTheStartAsync(
        lab => lab.Server.RevokeToken(lab.Server.Options.Token),
        lab => lab.UntilLoggedAsync("check the token"),
        lab => lab.Server.AddToken(lab.Server.Options.Token, "system:kube-proxy"));

    [SkippableFact]
    public Task ATokenFileThatIsWrong() => FaultyServer.IsThereFromTheStartAsync(
        lab =>
        {
            File.WriteAllText(lab.PathOf("token"), "not-the-token");
            string kubeconfig = File.ReadAllText(lab.KubeconfigPath);
            File.WriteAllText(lab.KubeconfigPath, kubeconfig.Replace($"token: {lab.Server.Options.Token}", $"tokenFile: {lab.PathOf("token")}", StringComparison.Ordinal));
        },
        lab => lab.UntilLoggedAsync("check the token"),
        lab => File.WriteAllText(lab.PathOf("token"), lab.Server.Options.Token));

    [SkippableFact]
    public Task AMissingRight() => FaultyServer.IsThereFromTheStartAsync(
        lab => lab.Server.Options.Authorize = (_, _, type) => type != ResourceType.EndpointSlices,
        lab => lab.UntilLoggedAsync("system:node-proxier"),
        lab => lab.Server.Options.Authorize = null);

    [SkippableFact]
    public Task AnOverloadedServer() => FaultyServer.IsThereFromTheStartAsync(
        lab => lab.Server.Faults.Inject(AnswerFault.TooManyRequests(retryAfter: 1), times: FaultInjector.UntilCleared),
        lab => lab.UntilLoggedAsync("429"),
        lab => lab.Server.Faults.Clear());

    [SkippableFact]
    public Task AServerBehindABrokenProxy() => FaultyServer.IsThereFromTheStartAsync(
        lab => lab.Server.Faults.Inject(AnswerFault.BadGateway(), times: FaultInjector.UntilCleared),
        lab => lab.UntilLoggedAsync("502"),
        lab => lab.Server.Faults.Clear());

    /// <summary>Each byte of the first lists comes alone.</summary>
    [SkippableFact]
    public Task ASlowServer() => SlicesComeLastAsync(
        lab => lab.Server.Faults.Inject(new SlowBytesFault(TimeSpan.FromMilliseconds(1)), times: TypesButSlices),
        lab => lab.UntilAsync(() => lab.Server.OpenWatches(ResourceType.Nodes) == 1, () => "the Node is not asked for"));

    [SkippableTheory]
    [InlineData(WatchListSupport.Refused)]
    [InlineData(WatchListSupport.BadRequest)]
    [InlineData(WatchListSupport.Ignored)]
    public Task AServerThatDoesNotKnowStreamingLists(WatchListSupport support) => SlicesComeLastAsync(
        lab => lab.Server.Options.WatchList = support,
        lab => lab.UntilLoggedAsync("the server has no streaming lists"));

    [SkippableFact]
    public Task AServerThatSpeaksOnlyJson() => SlicesComeLastAsync(
        lab => lab.Server.Options.JsonOnly = true,
        lab => lab.UntilAsync(() => lab.Server.OpenWatches(ResourceType.Nodes) == 1, () => "the Node is not asked for"));

    /// <summary>What does not keep the agent from its rules: the slices are held back, so that they are not there when the old rules are looked at.</summary>
    private static Task SlicesComeLastAsync(Action<AgentLab> before, Func<AgentLab, Task> until) => FaultyServer.IsThereFromTheStartAsync(
        lab =>
        {
            lab.Server.Faults.Inject(new HangFault(), ResourceType.EndpointSlices, FaultInjector.UntilCleared);
            before(lab);
        },
        until,
        lab => lab.Server.Faults.Clear());
}

using System.Net;
using System.Text;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Tests.Watch;
using KubeProxySharp.Kubernetes.Tests.Wire;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Tests.Client;

public sealed class EventWriterTests : IAsyncDisposable
{
    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(50);

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ScriptedServer _server;
    private readonly EventWriter _writer;
    private Task _run = Task.CompletedTask;

    public EventWriterTests()
    {
        _server = new(_time);
        ApiClient client = new(_server.Connection, new ApiClientOptions(), _server, _time, NullLogger<ApiClient>.Instance);
        _writer = new(client, new("kube-proxy", "kube-proxy-a"), 5, 10, new Random(1), NullLogger<EventWriter>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_run != Task.CompletedTask)
        {
            await _run.Awaiting(run => run).Should().ThrowAsync<OperationCanceledException>();
        }

        _stop.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task AnEventIsPostedToTheNamespaceOfItsObject()
    {
        Accept(1);
        _server.Reply(() => Json(HttpStatusCode.OK, """{"items":[{"metadata":{"name":"web","namespace":"shop","uid":"1234-5678"}}]}"""));
        Accept(1);
        Start();

        WriteStart("node-a");
        _writer.Write(ObjectReference.Service("shop", "web"), EventKind.Warning, "FailedToStartServiceHealthcheck", "Listen", "port in use");
        await Until(() => _server.Requests.Count == 3);

        _server.Requests[0].Path.Should().Be("/apis/events.k8s.io/v1/namespaces/default/events");
        _server.Requests[0].Message.Method.Should().Be(HttpMethod.Post);
        _server.Requests[0].Message.Content!.Headers.ContentType!.MediaType.Should().Be("application/json");
        _server.Requests[0].Message.Headers.Accept.ToString().Should().Be("application/json");
        _server.Requests[0].Message.Headers.UserAgent.ToString().Should().StartWith("kube-proxy-sharp/");
        _server.Requests[1].Path.Should().Be("/api/v1/namespaces/shop/services?fieldSelector=metadata.name%3Dweb", "kubectl describe finds events by uid");
        _server.Requests[2].Path.Should().Be("/apis/events.k8s.io/v1/namespaces/shop/events");
        Encoding.UTF8.GetString(_server.Requests[2].Body).Should().Contain("\"uid\":\"1234-5678\"");
        _server.Reports.Should().HaveCount(3, "all requests are counted");
    }

    [Fact]
    public async Task RepetitionsAreCountedInOneEvent()
    {
        Accept(3);
        Start();

        WriteStart("node-a");
        await Until(() => _server.Requests.Count == 1);
        WriteStart("node-a");
        await Until(() => _server.Requests.Count == 2);
        WriteStart("node-a");
        WriteStart("node-a");
        await Until(() => _server.Requests.Count == 3, TimeSpan.FromSeconds(1));

        _server.Requests[1].Message.Method.Should().Be(HttpMethod.Patch);
        _server.Requests[1].Path.Should().StartWith("/apis/events.k8s.io/v1/namespaces/default/events/node-a.");
        Encoding.UTF8.GetString(_server.Requests[1].Body).Should().StartWith("{\"series\":{\"count\":2,");
        Encoding.UTF8.GetString(_server.Requests[2].Body).Should().StartWith("{\"series\":{\"count\":4,");
        (_server.Requests[2].Time - _server.Requests[1].Time).Should().BeGreaterThan(TimeSpan.FromMinutes(5.9), "only the end of the series writes again");
    }

    [Fact]
    public async Task AnEventThatTheServerForgotIsWrittenAgain()
    {
        Accept(1);
        _server.Refuse(HttpStatusCode.NotFound, Messages.Status(404, "NotFound", "gone"));
        Accept(1);
        Start();

        WriteStart("node-a");
        await Until(() => _server.Requests.Count == 1);
        WriteStart("node-a");
        await Until(() => _server.Requests.Count == 3);

        _server.Requests[2].Message.Method.Should().Be(HttpMethod.Post);
        _writer.LostCount.Should().Be(0);
    }

    [Fact]
    public async Task RefusalsAreFinalAndLostConnectionsAreTriedAgain()
    {
        _server.Refuse(HttpStatusCode.Forbidden, Messages.Status(403, "Forbidden", "no")).Unreachable();
        Accept(1);
        Start();

        WriteStart("refused");
        WriteStart("unreachable");
        await Until(() => _server.Requests.Count == 3);

        _writer.LostCount.Should().Be(1);
        (_server.Requests[2].Time - _server.Requests[1].Time).TotalSeconds.Should().BeInRange(7.5, 13);
    }

    /// <summary>Metadata alone is asked for; a server that has only whole objects is understood too.</summary>
    [Theory]
    [InlineData(
        """
        {"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"77"},"items":[
          {"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":{"name":"web","namespace":"shop","uid":"1234-5678"}}]}
        """)]
    [InlineData(
        """
        {"kind":"ServiceList","apiVersion":"v1","metadata":{"resourceVersion":"77"},"items":[
          {"metadata":{"name":"web","namespace":"shop","uid":"1234-5678","creationTimestamp":"2026-01-31T12:00:00Z","labels":{"uid":"x"}},
           "spec":{"ports":[{"port":80,"targetPort":"http"}],"clusterIP":"10.0.0.1"},"status":{"loadBalancer":{}}}]}
        """)]
    public async Task TheUidOfAServiceIsLookedUp(string body)
    {
        _server.Reply(() => Json(HttpStatusCode.OK, body));
        Accept(1);
        Start();

        _writer.Write(ObjectReference.Service("shop", "web"), EventKind.Warning, "R", "A", "n");
        await Until(() => _server.Requests.Count == 2);

        _server.Requests[0].Message.Headers.NonValidated["Accept"].ToString().Should()
            .Be("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");
        Encoding.UTF8.GetString(_server.Requests[1].Body).Should().Contain("\"uid\":\"1234-5678\"");
    }

    /// <summary>An event without the uid is better than none.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("<html>")]
    [InlineData("""{"items":[{"metadata":{"name":"web","creationTimestamp":"yesterday"}}]}""")]
    [InlineData("""{"items":[]}""")]
    [InlineData("""{"items":[{"metadata":{"name":"other","uid":"5678"}}]}""")]
    public async Task AListWithoutTheUidIsIgnored(string body)
    {
        _server.Reply(() => Json(HttpStatusCode.OK, body));
        Accept(1);
        Start();

        _writer.Write(ObjectReference.Service("shop", "web"), EventKind.Warning, "R", "A", "n");
        await Until(() => _server.Requests.Count == 2);

        Encoding.UTF8.GetString(_server.Requests[1].Body).Should().Contain("web").And.NotContain("uid");
        _writer.LostCount.Should().Be(0);
    }

    [Fact]
    public async Task AListWithoutEndIsNotReadToItsEnd()
    {
        _server.Reply(() => Json(HttpStatusCode.OK, new string(' ', 5_000_000)));
        Accept(1);
        Start();

        _writer.Write(ObjectReference.Service("shop", "web"), EventKind.Warning, "R", "A", "n");
        await Until(() => _server.Requests.Count == 2);

        _writer.LostCount.Should().Be(0);
    }

    [Fact]
    public async Task RequestsKeepToTheRate()
    {
        Accept(20);
        Start();
        for (int index = 0; index < 20; index++)
        {
            WriteStart($"node-{index}");
        }

        await Until(() => _server.Requests.Count == 10, TimeSpan.Zero);
        await Until(() => _server.Requests.Count == 20);

        (_server.Requests[19].Time - _server.Requests[0].Time).TotalSeconds.Should().BeGreaterThanOrEqualTo(1.9);
    }

    [Fact]
    public void AFullQueueDropsAndCounts()
    {
        for (int index = 0; index < 1003; index++)
        {
            WriteStart("node-a");
        }

        _writer.LostCount.Should().Be(3);
    }

    private void WriteStart(string node) =>
        _writer.Write(ObjectReference.Node(node), EventKind.Normal, "Starting", "StartKubeProxy", "");

    private void Accept(int count)
    {
        for (int index = 0; index < count; index++)
        {
            _server.Reply(() => Json(HttpStatusCode.Created, "{}"));
        }
    }

    private static HttpResponseMessage Json(HttpStatusCode code, string body) =>
        new(code) { Content = new StringContent(body, Encoding.UTF8, "application/json") };

    private void Start() => _run = _writer.RunAsync(_stop.Token);

    private Task Until(Func<bool> condition) => Until(condition, s_step);

    private Task Until(Func<bool> condition, TimeSpan step) => _time.AdvanceUntilAsync(condition, step);
}

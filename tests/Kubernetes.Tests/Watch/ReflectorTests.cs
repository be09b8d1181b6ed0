using System.Net;
using System.Text;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Tests.Wire;
using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>Everything that a server and the way to it can do to a watch (wire notes 3).</summary>
public sealed class ReflectorTests : IAsyncDisposable
{
    private const string Base = "/api/v1/services?allowWatchBookmarks=true&fieldSelector=spec.clusterIP%21%3DNone&labelSelector=%21service.kubernetes.io%2Fservice-proxy-name";
    private const string Streaming = "&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&watch=true";

    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(50);

    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly RecordingSink _sink = new();
    private readonly DelayLogger<Reflector<Service>> _log = new();
    private readonly ScriptedServer _server;
    private Task _run = Task.CompletedTask;

    public ReflectorTests() => _server = new(_time);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.Awaiting(run => run).Should().ThrowAsync<OperationCanceledException>("only cancellation ends a reflector");
        _stop.Dispose();
        _server.Dispose();
    }

    [Fact]
    public async Task AStreamingListIsFollowedByItsOwnWatch()
    {
        _server.Watch([.. Initial("10", "a", "b"), .. Messages.Event("MODIFIED", "a", "12"), .. Messages.Event("DELETED", "b", "13")]);

        await RunUntil(() => _sink.Calls.Count == 5);

        _sink.Calls.Should().Equal("put a", "put b", "listed", "put a", "remove b");
        _server.Requests.Should().ContainSingle().Which.FixedPath.Should().Be(Base + Streaming);
        int.Parse(_server.Requests[0].Parameter("timeoutSeconds")!).Should().BeInRange(300, 600);
        _server.LastVersion.Should().Be("13");
    }

    [Fact]
    public async Task ANormalEndGoesOnAtOnceFromTheLastVersion()
    {
        ScriptedBody body = new([.. Initial("10", "a"), .. Messages.Event("ADDED", "b", "12"), .. Messages.Bookmark("20")], BodyEnd.Silent);
        _server.Watch(body).Watch([]);
        await RunUntil(() => _server.LastVersion == "20");
        DateTimeOffset end = _time.GetUtcNow();

        body.Finish();
        await RunUntil(() => _server.Requests.Count == 2, TimeSpan.Zero);

        _server.Requests[1].FixedPath.Should().Be(Base + "&resourceVersion=20&watch=true");
        _server.Requests[1].Time.Should().Be(end);
    }

    [Fact]
    public async Task VersionsOfInitialEventsAreNoPlaceToGoOnFrom()
    {
        _server.Watch(Messages.Event("ADDED", "a", "99"), BodyEnd.Lost).Watch(Initial("100", "a"));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        _server.Requests[1].FixedPath.Should().Be(Base + Streaming);
        _sink.Calls.Should().Equal("put a", "put a", "listed");
    }

    [Fact]
    public async Task WhatVanishedUnseenIsRemovedAfterTheNextListing()
    {
        _server.Watch([.. Initial("10", "a", "b", "c"), .. Messages.Error(410, "Expired")], BodyEnd.Clean).Watch(Initial("50", "c", "d"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        _sink.Calls.Skip(4).Should().BeEquivalentTo("put c", "put d", "remove a", "remove b", "listed");
        _sink.Calls[^1].Should().Be("listed");
        _server.Requests[1].FixedPath.Should().Be(Base + "&resourceVersion=10" + Streaming);
    }

    [Fact]
    public async Task AnExpiredVersionIsNoFailureAndTheListComesAtOnce()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Error(410, "Expired")], BodyEnd.Clean).Watch(Initial("50", "a"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2, TimeSpan.Zero);

        _server.Problems.Should().BeEmpty();
    }

    [Fact]
    public async Task AServerThatKeepsCallingVersionsExpiredIsNotHammered()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Error(410, "Expired")], BodyEnd.Clean);
        for (int index = 0; index < 4; index++)
        {
            _server.Watch(Messages.Error(410, "Expired"), BodyEnd.Clean);
        }

        _server.Watch(Initial("11", "a"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        double[] waited = [.. _server.Requests.Skip(1).Zip(_server.Requests, (next, last) => (next.Time - last.Time).TotalSeconds)];
        waited.Skip(2).Should().OnlyContain(seconds => seconds > 0.75);
        waited[^1].Should().BeGreaterThan(3);
    }

    [Fact]
    public async Task AWatchThatGoesOnIsOnlyCalledWellAfterItsFirstEvent()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Bookmark("11")], BodyEnd.Clean)
            .Refuse(HttpStatusCode.Forbidden, Messages.Status(403, "Forbidden", "no"))
            .Watch(Messages.Error(410, "Expired"), BodyEnd.Clean)
            .Watch(Initial("12", "a"), BodyEnd.Silent);

        await RunUntil(() => _server.Requests.Count == 4 && _server.Problems.Count >= 2);

        _server.Requests[3].Problems.Should().Be(1, "the watch that was expired did not work");
        _server.Problems.Should().HaveCount(2);
        _server.Problems[1].Should().BeNull();
    }

    [Fact]
    public async Task AVersionThatIsTooLargeIsDroppedAtOnce()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Error(410, "Expired")], BodyEnd.Clean)
            .Watch(Messages.Error(504, "Timeout", "ResourceVersionTooLarge"), BodyEnd.Clean)
            .Watch(Initial("3", "a"));

        await RunUntil(() => _server.Requests.Count >= 2);
        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2, TimeSpan.Zero);

        _server.Requests[2].FixedPath.Should().Be(Base + Streaming);
        _server.LastVersion.Should().Be("3");
    }

    [Fact]
    public async Task DuplicateAndUnknownDeletionsAreNotReported()
    {
        _server.Watch([
            .. Initial("10", "a"), .. Messages.Event("DELETED", "a", "11"), .. Messages.Event("DELETED", "a", "12"),
            .. Messages.Event("DELETED", "x", "13"), .. Messages.Event("ADDED", "a", "13")]);

        await RunUntil(() => _sink.Calls.Count == 4);

        _sink.Calls.Should().Equal("put a", "listed", "remove a", "put a");
        _server.LastVersion.Should().Be("13");
    }

    [Fact]
    public async Task WithoutStreamingListsAPagedListComesBeforeTheWatch()
    {
        _server.Refuse(HttpStatusCode.UnprocessableEntity, Messages.Status(422, "Invalid", "sendInitialEvents is forbidden"))
            .List(Messages.List("10", "next", Messages.Service("a", "1")))
            .List(Messages.List("10", "", Messages.Service("b", "2")))
            .Watch([.. Messages.Event("ADDED", "c", "11"), .. Messages.Error(410, "Expired")], BodyEnd.Clean)
            .List(Messages.List("20", "", Messages.Service("c", "11")));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        const string Selectors = "fieldSelector=spec.clusterIP%21%3DNone&labelSelector=%21service.kubernetes.io%2Fservice-proxy-name";
        _server.Requests.Skip(1).Take(4).Select(request => request.FixedPath).Should().Equal(
            $"/api/v1/services?{Selectors}&limit=500&resourceVersion=0",
            $"/api/v1/services?continue=next&{Selectors}&limit=500",
            Base + "&resourceVersion=10&watch=true",
            $"/api/v1/services?{Selectors}&resourceVersion=11");
        _sink.Calls.Should().Equal("put a", "put b", "listed", "put c", "put c", "remove a", "remove b", "listed");
    }

    /// <summary>Something that does not know the parameter sends the objects, and changes later on, but no end of the list.</summary>
    [Theory]
    [InlineData(false, 10)]
    [InlineData(true, 90)]
    public async Task AStreamingListWithoutAnEndIsFollowedByAPlainList(bool isBusy, int seconds)
    {
        RepeatingBody body = new(Messages.Event("MODIFIED", "a", "1"), isBusy ? TimeSpan.FromSeconds(3) : Timeout.InfiniteTimeSpan, _time);
        _server.Watch(body).List(Messages.List("10", "", Messages.Service("b", "2"))).Watch([]);

        await RunUntil(() => _sink.Calls.Contains("listed"), TimeSpan.FromSeconds(0.25));

        _sink.Calls.Should().StartWith("put a").And.EndWith(["remove a", "listed"]);
        _server.Requests[1].Parameter("watch").Should().BeNull();

        // The clock of the test can be some steps ahead of what it sets off; the two limits stay apart.
        (_server.Requests[1].Time - _server.Requests[0].Time).TotalSeconds.Should().BeInRange(seconds, seconds + 30);
    }

    [Fact]
    public async Task AnExpiredPageIsFollowedByOneWholeList()
    {
        _server.Refuse(HttpStatusCode.BadRequest, Messages.Status(400, "BadRequest", "no"))
            .List(Messages.List("10", "next", Messages.Service("a", "1")))
            .Refuse(HttpStatusCode.Gone, RecordedBodies.Body("errors/410-expired-continue.pb"))
            .List(Messages.List("12", "", Messages.Service("b", "2")));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        _server.Requests[3].Parameter("limit").Should().BeNull();
        _server.Requests[3].Parameter("continue").Should().BeNull();
        _server.Requests[3].Parameter("resourceVersion").Should().Be("0");
        _sink.Calls.Should().Equal("put a", "put b", "remove a", "listed");
    }

    [Fact]
    public async Task AnExpiredListIsAskedForWithoutAVersion()
    {
        _server.Refuse(HttpStatusCode.UnprocessableEntity, Messages.Status(422, "Invalid", "no"))
            .Refuse(HttpStatusCode.Gone, RecordedBodies.Body("errors/410-expired-exact.pb"))
            .List(Messages.List("12", ""));

        await RunUntil(() => _sink.Calls.Contains("listed"), TimeSpan.Zero);

        _server.Requests[2].Parameter("limit").Should().Be("500");

        _server.Requests[2].Parameter("resourceVersion").Should().BeNull();
    }

    [Fact]
    public async Task AFieldSelectorThatTheServerDoesNotKnowIsLeftOut()
    {
        _server.Refuse(HttpStatusCode.BadRequest, Messages.Status(400, "BadRequest", "field label not supported: spec.clusterIP")).Watch(Initial("1"));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        _server.Requests[1].Parameter("fieldSelector").Should().BeNull();
        _server.Requests[1].Parameter("sendInitialEvents").Should().Be("true");
    }

    [Fact]
    public async Task OverloadIsObeyedAndTheWatchKeepsItsVersion()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Bookmark("11")], BodyEnd.Clean)
            .Refuse(HttpStatusCode.TooManyRequests, "slow down"u8.ToArray(), "text/plain; charset=utf-8", retryAfter: 17)
            .Watch([]);

        await RunUntil(() => _server.Requests.Count == 3);

        _server.Requests[2].FixedPath.Should().Be(Base + "&resourceVersion=11&watch=true");
        (_server.Requests[2].Time - _server.Requests[1].Time).Should().BeGreaterThan(TimeSpan.FromSeconds(17));
        _log.Delays.Should().ContainSingle().Which.TotalSeconds.Should().BeInRange(17, 23);
    }

    [Fact]
    public async Task ARefusedCredentialIsTriedAgainWithPauses()
    {
        byte[] unauthorized = RecordedBodies.Body("errors/401-bad-token.pb");
        _server.Refuse(HttpStatusCode.Unauthorized, unauthorized).Refuse(HttpStatusCode.Unauthorized, unauthorized).Watch(Initial("1", "a"));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        _server.Requests.Should().HaveCount(3, "the connection alone repeats a request with fresh credentials");
        (_server.Requests[1].Time - _server.Requests[0].Time).Should().BeGreaterThan(TimeSpan.FromSeconds(0.75));
        _server.Problems.Should().Contain(problem => problem != null && problem.Contains("check the token"));
    }

    [Fact]
    public async Task AReplacedTokenEndsThePause()
    {
        _server.Refuse(HttpStatusCode.Unauthorized, RecordedBodies.Body("errors/401-bad-token.pb")).Watch(Initial("1", "a"));
        await RunUntil(() => _log.Delays.Count == 1, TimeSpan.Zero);

        _server.ReplaceFiles();
        await RunUntil(() => _sink.Calls.Contains("listed"), TimeSpan.Zero);

        _server.Requests[1].Time.Should().Be(_server.Requests[0].Time);
    }

    [Fact]
    public async Task AMissingRightIsReportedWithItsRemedyUntilItIsThere()
    {
        byte[] forbidden = RecordedBodies.Body("errors/403-list.pb");
        _server.Refuse(HttpStatusCode.Forbidden, forbidden).Refuse(HttpStatusCode.Forbidden, forbidden).Watch(Initial("1", "a"));

        await RunUntil(() => _sink.Calls.Contains("listed") && _server.Problems.Count >= 2);

        _server.Problems.Should().HaveCount(2);
        _server.Problems[0].Should().Contain("403 Forbidden").And.Contain("allow the verbs list and watch on services of API group \"\"");
        _server.Problems[1].Should().BeNull();
    }

    [Fact]
    public async Task AServerThatIsAwayIsAskedInGrowingStepsThatStayShort()
    {
        _server.Unreachable().Absent(4).Absent(4, HttpStatusCode.ServiceUnavailable).Watch(Initial("1"));

        await RunUntil(() => _sink.Calls.Contains("listed") && _server.Problems.Count >= 2);

        DateTimeOffset[] times = [_server.Requests[0].Time, .. _server.Probes];
        double[] waited = [.. times.Skip(1).Zip(times, (next, last) => (next - last).TotalSeconds)];
        waited.Should().HaveCount(9);
        for (int index = 0; index < waited.Length; index++)
        {
            double step = Math.Min(0.1 * (1 << index), 1.0);
            waited[index].Should().BeInRange(step - 0.001, (step * 2) + 0.051);
        }

        (_server.Requests[1].Time - _server.Probes[^1]).TotalSeconds.Should().BeInRange(0, 1.06, "lists of many nodes are to come apart");
        _server.Problems.Should().HaveCount(2);
        _server.Problems[0].Should().Contain("cannot be reached");
    }

    [Fact]
    public async Task WhatTheProbedServerAsksForIsObeyed()
    {
        _server.Unreachable().Watch(Initial("1"));
        _server.AbsentFor(TimeSpan.FromSeconds(9));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        (_server.Probes[1] - _server.Probes[0]).Should().BeGreaterThan(TimeSpan.FromSeconds(9));
    }

    /// <summary>A server may fail the question for ever and answer everything else.</summary>
    [Fact]
    public async Task AQuestionThatIsNeverAnsweredWellDoesNotKeepTheWatchAway()
    {
        _server.Unreachable().Absent(1000, HttpStatusCode.InternalServerError).Watch(Initial("1"));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        (_server.Requests[1].Time - _server.Requests[0].Time).TotalSeconds.Should().BeInRange(30, 45);
    }

    [Fact]
    public async Task AServerThatAnswersButBreaksConnectionsIsNotHammered()
    {
        for (int index = 0; index < 8; index++)
        {
            _server.Watch(Initial("10", "a"), BodyEnd.Lost);
        }

        await RunUntil(() => _server.Requests.Count == 8);

        (_server.Requests[7].Time - _server.Requests[6].Time).Should().BeGreaterThan(TimeSpan.FromSeconds(1.5));
    }

    [Fact]
    public async Task ABrokenFrameLeadsToANewListing()
    {
        _server.Watch([.. Initial("10", "a"), 0x7f, 0, 0, 0], BodyEnd.Silent).Watch(Initial("11", "a"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        _server.Requests[1].FixedPath.Should().Be(Base + "&resourceVersion=10" + Streaming);
    }

    /// <summary>Whoever answers after a lost connection may have another past: it is asked for what it has now, not for a version.</summary>
    [Fact]
    public async Task AfterALostConnectionTheVersionIsNotTrusted()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Event("ADDED", "b", "11")], BodyEnd.Lost).Watch(Initial("4", "a"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        _server.Requests[1].FixedPath.Should().Be(Base + Streaming);
        _sink.Calls.Should().Equal("put a", "listed", "put b", "put a", "remove b", "listed");
        _server.LastVersion.Should().Be("4");
        _server.Problems.Should().BeEmpty("connections are lost now and then");
    }

    /// <summary>A list that names no version is expensive for the server; one of a version that it has just named comes from its cache.</summary>
    [Fact]
    public async Task WithoutStreamingListsTheVersionIsAskedForAfterALostConnection()
    {
        _server.Refuse(HttpStatusCode.UnprocessableEntity, Messages.Status(422, "Invalid", "no"))
            .List(Messages.List("10", "", Messages.Service("a", "1"), Messages.Service("b", "2")))
            .Watch(Messages.Event("MODIFIED", "a", "11"), BodyEnd.Lost)
            .List(Messages.List("4", "more", Messages.Service("z", "1")))
            .List(Messages.List("5", "", Messages.Service("a", "3")));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        (string?, string?)[] asked = [.. _server.Requests.Skip(3).Select(request => (request.Parameter("resourceVersion"), request.Parameter("limit")))];
        asked[0].Should().Be((null, "1"));
        asked[1].Should().Be(("4", null));
        _sink.Calls.Should().Equal("put a", "put b", "listed", "put a", "put a", "remove b", "listed");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AVersionThatRunsBackwardsLeadsToANewListing(bool isBookmark)
    {
        _server.Watch(
                [.. Initial("10", "a", "b"), .. isBookmark ? Messages.Bookmark("9") : Messages.Event("MODIFIED", "a", "9")])
            .Watch(Initial("9", "a"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2, TimeSpan.Zero);

        _server.Requests[1].FixedPath.Should().Be(Base + Streaming);
        _sink.Calls.Should().Equal("put a", "put b", "listed", "put a", "remove b", "listed");
    }

    [Fact]
    public async Task ADeadConnectionIsNoticedWhenTheWatchOutlivesItsTime()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Bookmark("15")]).Watch(Initial("15", "a"));

        await RunUntil(() => _server.LastVersion == "15", TimeSpan.Zero);
        int asked = int.Parse(_server.Requests[0].Parameter("timeoutSeconds")!);

        _time.Advance(TimeSpan.FromSeconds(asked + 29));
        _server.Requests.Should().ContainSingle();
        _time.Advance(TimeSpan.FromSeconds(2));
        await RunUntil(() => _server.Requests.Count == 2);

        _server.Requests[1].FixedPath.Should().Be(Base + Streaming);
    }

    [Fact]
    public async Task AWatchThatIsSilentToItsEndLeadsToANewListing()
    {
        ScriptedBody silent = new([], BodyEnd.Silent);
        _server.Watch(Initial("10", "a"), BodyEnd.Clean).Watch(silent).Watch(Initial("4", "a"));
        await RunUntil(() => silent.IsWaitedFor, TimeSpan.Zero);
        _time.Advance(TimeSpan.FromSeconds(300));

        silent.Finish();
        await RunUntil(() => _server.Requests.Count == 3);

        _server.Requests[2].FixedPath.Should().Be(Base + "&resourceVersion=10" + Streaming);
    }

    [Fact]
    public async Task AServerThatEndsWatchesAtOnceIsNotHammered()
    {
        _server.Watch(Initial("10", "a"), BodyEnd.Clean).Watch([], BodyEnd.Clean).Watch([], BodyEnd.Clean).Watch([]);

        await RunUntil(() => _server.Requests.Count == 4);

        (_server.Requests[2].Time - _server.Requests[1].Time).Should().BeGreaterThan(TimeSpan.FromSeconds(0.75));
        (_server.Requests[3].Time - _server.Requests[2].Time).Should().BeGreaterThan(TimeSpan.FromSeconds(1.5));
        _server.Requests[3].Parameter("sendInitialEvents").Should().BeNull();
    }

    [Fact]
    public async Task TroubleInsideTheServerLeadsToANewListing()
    {
        _server.Watch([.. Initial("10", "a"), .. Messages.Error(500, "InternalError")], BodyEnd.Clean).Watch(Initial("11", "a"));

        await RunUntil(() => _sink.Calls.Count(call => call == "listed") == 2);

        _server.Requests[1].FixedPath.Should().Be(Base + "&resourceVersion=10" + Streaming);
    }

    [Fact]
    public async Task AProxyThatAnswersWithAWebPageIsReported()
    {
        _server.Reply(() => new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent("<html>", Encoding.UTF8, "text/html") }).Watch(Initial("1"));

        await RunUntil(() => _sink.Calls.Contains("listed"));

        _server.Problems[0].Should().Contain("neither protobuf nor JSON");
    }

    private static byte[] Initial(string version, params string[] names) =>
        [.. names.SelectMany(name => Messages.Event("ADDED", name, "1")), .. Messages.EndMarker(version)];

    private Task RunUntil(Func<bool> condition) => RunUntil(condition, s_step);

    private async Task RunUntil(Func<bool> condition, TimeSpan step)
    {
        if (_run.IsCompleted)
        {
            ApiClient client = new(_server.Connection, new ApiClientOptions(), _server, _time, NullLogger<ApiClient>.Instance);
            Reflector<Service> reflector = new(client, ApiResources.Services, _sink, _log, new Random(1));
            _run = reflector.RunAsync(_stop.Token);
        }

        await _time.AdvanceUntilAsync(condition, step);
    }
}

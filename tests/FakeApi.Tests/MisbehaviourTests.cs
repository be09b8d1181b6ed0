using System.Net;
using System.Text;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Http;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;

namespace KubeProxySharp.FakeApi.Tests;

/// <summary>Every misbehaviour happens when it is asked for, seen by a plain HTTP client.</summary>
public sealed class MisbehaviourTests : IAsyncLifetime
{
    private const string Watch = "/api/v1/services?watch=1&resourceVersion=1&allowWatchBookmarks=true&timeoutSeconds=60";

    private readonly HttpClient _client = Exchange.NewClient();
    private FakeApiServer _server = null!; // set before each test

    public async Task InitializeAsync() => _server = await FakeApiServer.StartAsync();

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task ExpiredComesAsOftenAsAskedFor()
    {
        _server.Faults.Inject(new ExpiredFault(), ResourceType.Services, times: 2);

        for (int round = 0; round < 2; round++)
        {
            Encoding.UTF8.GetString(await Exchange.ReadAllAsync(await WatchAsync())).Should().Contain("\"reason\":\"Expired\",\"code\":410");
        }

        _server.Store.Put(Documents.Service("web"));
        await Exchange.ReadUntilAsync(await WatchAsync(), "\"name\":\"web\"");
    }

    [Fact]
    public async Task AnErrorEventEndsARunningWatch()
    {
        Stream stream = await WatchAsync();
        _server.Faults.Inject(new ErrorEventFault(500, "InternalError", "etcd is away"));

        Encoding.UTF8.GetString(await Exchange.ReadAllAsync(stream)).Should().StartWith("{\"type\":\"ERROR\"").And.Contain("etcd is away");
    }

    [Fact]
    public async Task AWatchEndsAtOnceWhenAskedTo()
    {
        _server.Faults.Inject(new EndFault());

        (await Exchange.ReadAllAsync(await WatchAsync())).Should().BeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AWatchEndsInTheMiddleOfAFrame(bool reset)
    {
        Stream stream = await WatchAsync();
        _server.Faults.Inject(new HalfFrameFault(reset));
        _server.Store.Put(Documents.Service("web"));

        if (reset)
        {
            await stream.Awaiting(Exchange.ReadAllAsync).Should().ThrowAsync<IOException>();
        }
        else
        {
            Encoding.UTF8.GetString(await Exchange.ReadAllAsync(stream)).Should().StartWith("{\"type\":\"ADDED\"").And.NotEndWith("\n");
        }
    }

    [Fact]
    public async Task ABodyIsCutAfterTheBytesAskedFor()
    {
        _server.Store.Put(Documents.Service("web"));
        _server.Faults.Inject(new CutFault(7, Reset: false));

        (await Exchange.ReadAllAsync(await WatchAsync("&x=1"))).Should().HaveCount(7);
    }

    [Fact]
    public async Task BookmarksComeInThePlaceOfEvents()
    {
        _server.Faults.Inject(new BookmarkOnlyFault());
        Stream stream = await WatchAsync();
        _server.Store.Put(Documents.Service("web"));

        (await Exchange.ReadUntilAsync(stream, "BOOKMARK")).Should().NotContain("ADDED").And.Contain($"\"resourceVersion\":\"{_server.Store.ResourceVersion}\"");
    }

    [Fact]
    public async Task ChangesCanArriveInTheWrongOrder()
    {
        Stream stream = await WatchAsync();
        _server.Store.PutReversed(Documents.Service("web", "10.96.0.1"), Documents.Service("web", "10.96.0.2"));

        string seen = await Exchange.ReadUntilAsync(stream, "10.96.0.1");
        seen.IndexOf("10.96.0.2", StringComparison.Ordinal).Should().BeInRange(0, seen.IndexOf("10.96.0.1", StringComparison.Ordinal));
        _server.Store.Find(ResourceType.Services, "shop", "web").Should().Contain("10.96.0.2");
    }

    [Fact]
    public async Task ADeletionCanBeToldTwice()
    {
        _server.Store.Put(Documents.Service("web"));
        _server.Store.Delete(ResourceType.Services, "shop", "web", DeletionNotice.Twice);
        _server.Store.Put(Documents.Service("after"));

        string seen = await Exchange.ReadUntilAsync(await WatchAsync(), "\"after\"");
        seen.Split("\"DELETED\"").Should().HaveCount(3);
    }

    [Fact]
    public async Task ADeletionCanBeForgottenSoThatOnlyAListTells()
    {
        _server.Store.Put(Documents.Service("web"));
        _server.Store.Delete(ResourceType.Services, "shop", "web", DeletionNotice.Never);
        _server.Store.Put(Documents.Service("after"));

        (await Exchange.ReadUntilAsync(await WatchAsync(), "\"after\"")).Should().Contain("\"web\"").And.NotContain("DELETED");
        (await _client.GetStringAsync(new Uri(_server.ClearHttp1Uri, "/api/v1/services"))).Should().NotContain("\"web\"");
    }

    [Fact]
    public async Task BytesCanDrip()
    {
        _server.Store.Put(Documents.Service("web"));
        _server.Faults.Inject(new SlowBytesFault(TimeSpan.Zero));

        string slow = await _client.GetStringAsync(new Uri(_server.ClearHttp1Uri, "/api/v1/services?resourceVersion=0"));
        slow.Should().Be(await _client.GetStringAsync(new Uri(_server.ClearHttp1Uri, "/api/v1/services?resourceVersion=0")));
        _server.Faults.Pending.Should().Be(0);
    }

    [Fact]
    public async Task AStalledBodyStaysOpenAndSilent()
    {
        _server.Store.Put(Documents.Service("web"));
        _server.Faults.Inject(new StallFault(5));
        Stream stream = await WatchAsync();
        byte[] buffer = new byte[5];
        await stream.ReadExactlyAsync(buffer, Exchange.Patience);

        Task<int> more = stream.ReadAsync(new byte[1], Exchange.Patience).AsTask();
        more.IsCompleted.Should().BeFalse();
        _server.OpenWatches(ResourceType.Services).Should().Be(1);
        _server.Faults.Clear();
        (await more).Should().Be(0);
    }

    [Trait("Category", "Slow")]
    [Fact]
    public async Task BytesThatAreNoEventComeAsTheyAre()
    {
        foreach (RawBytesFault fault in new[] { RawBytesFault.Garbage(), RawBytesFault.Oversize(), RawBytesFault.UndecodableObject() })
        {
            await using (Stream stream = await WatchAsync())
            {
                _server.Faults.Inject(fault);
                byte[] seen = new byte[fault.Bytes.Length];
                await stream.ReadExactlyAsync(seen, Exchange.Patience);

                seen.Should().Equal(fault.Bytes.ToArray());
            }

            while (_server.OpenWatches() > 0)
            {
                // A watch that is still open could take the next fault.
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Exchange.Patience);
            }
        }
    }

    [Fact]
    public async Task UnknownEventsAndForeignKindsGetIntoAStream()
    {
        Stream stream = await WatchAsync();
        _server.Faults.Inject(new UnknownEventFault());
        await Exchange.ReadUntilAsync(stream, "{\"type\":\"RENAMED\"");
        _server.Faults.Inject(new WrongKindFault());
        await Exchange.ReadUntilAsync(stream, "{\"kind\":\"Node\"");
    }

    [Fact]
    public async Task EventsCanBeRepeated()
    {
        _server.Faults.Inject(new RepeatFault());
        _server.Store.Put(Documents.Service("web"));
        _server.Store.Put(Documents.Service("zebra"));

        (await Exchange.ReadUntilAsync(await WatchAsync(), "zebra")).Split("\"name\":\"web\"").Should().HaveCount(3);
    }

    [Fact]
    public async Task AStreamingListCanEndBeforeItsMarker()
    {
        _server.Store.Put(Documents.Service("web"));
        _server.Faults.Inject(new MissingMarkerFault());
        Stream stream = await Exchange.WatchAsync(_client, _server.ClearHttp1Uri, StreamingList);

        Encoding.UTF8.GetString(await Exchange.ReadAllAsync(stream)).Should().Contain("\"web\"").And.NotContain("BOOKMARK");
    }

    [Theory]
    [InlineData(WatchListSupport.Refused, HttpStatusCode.UnprocessableEntity)]
    [InlineData(WatchListSupport.BadRequest, HttpStatusCode.BadRequest)]
    [InlineData(WatchListSupport.Ignored, HttpStatusCode.OK)]
    public async Task OlderServersKnowNoStreamingLists(WatchListSupport support, HttpStatusCode code)
    {
        _server.Options.WatchList = support;
        _server.Store.Put(Documents.Service("web"));

        using HttpResponseMessage response = await _client.GetAsync(new Uri(_server.ClearHttp1Uri, StreamingList + "&timeoutSeconds=1"), Exchange.Patience);

        response.StatusCode.Should().Be(code);
        (await response.Content.ReadAsStringAsync()).Should().NotContain("initial-events-end");
    }

    [Fact]
    public async Task AnyAnswerCanBeReplaced()
    {
        _server.Faults.Inject(AnswerFault.TooManyRequests(7));
        _server.Faults.Inject(AnswerFault.BadGateway());
        _server.Faults.Inject(new AnswerFault(503, "ServiceUnavailable") { RetryAfter = 1, Verb = "list" });

        using HttpResponseMessage busy = await GetAsync();
        using HttpResponseMessage gateway = await GetAsync();
        using HttpResponseMessage unavailable = await GetAsync();
        using HttpResponseMessage fine = await GetAsync();

        busy.StatusCode.Should().Be(HttpStatusCode.TooManyRequests);
        busy.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(7));
        busy.Content.Headers.ContentType!.MediaType.Should().Be("text/plain");
        (await gateway.Content.ReadAsStringAsync()).Should().StartWith("<html>");
        (await unavailable.Content.ReadAsStringAsync()).Should().Contain("\"kind\":\"Status\"").And.Contain("\"code\":503");
        fine.StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task ARequestCanHangOrBeTornOff()
    {
        _server.Faults.Inject(new HangFault());
        Task<HttpResponseMessage> hanging = GetAsync();
        await _server.Requests.WaitForAsync(request => request.Verb == "list", 1, Exchange.Patience);
        while (_server.Faults.Pending != 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Exchange.Patience);
        }

        hanging.IsCompleted.Should().BeFalse();
        _server.Faults.Clear();
        await hanging.Awaiting(task => task).Should().ThrowAsync<HttpRequestException>();

        _server.Faults.Inject(new ResetFault(Connection: true));
        await _server.Awaiting(_ => GetAsync()).Should().ThrowAsync<HttpRequestException>();
    }

    [Fact]
    public async Task AReaderThatTakesNothingLosesItsWatch()
    {
        _server.Options.WatchBuffer = 10;
        Stream stream = await WatchAsync();
        string large = Documents.Service("web", labels: $$"""{"large":"{{new string('x', 60_000)}}"}""");
        while (_server.OpenWatches(ResourceType.Services) > 0)
        {
            Exchange.Patience.ThrowIfCancellationRequested();
            _server.Store.Put(large);
        }

        await stream.Awaiting(Exchange.ReadAllAsync).Should().ThrowAsync<IOException>();
    }

    private const string StreamingList =
        "/api/v1/services?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";

    private Task<Stream> WatchAsync(string more = "") => Exchange.WatchAsync(_client, _server.ClearHttp1Uri, Watch + more);

    private Task<HttpResponseMessage> GetAsync() => _client.GetAsync(new Uri(_server.ClearHttp1Uri, "/api/v1/services"), Exchange.Patience);
}

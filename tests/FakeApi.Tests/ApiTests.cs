using System.Net;
using System.Net.Http.Headers;
using System.Text;
using KubeProxySharp.FakeApi.Schema;

namespace KubeProxySharp.FakeApi.Tests;

/// <summary>What the recordings do not show: versions, selectors, negotiation, Events.</summary>
public sealed class ApiTests : IAsyncLifetime
{
    /// <summary>The body of kubernetes-wire.md 12 that a real server accepted.</summary>
    private const string EventBody =
        "6b3873000a190a106576656e74732e6b38732e696f2f763112054576656e7412710a0d0a0270311a0764656661756c74120b0882b981d80610959aef3a"
        + "220a6b7562652d70726f78792a116b7562652d70726f78792d6e6f64652d61320e53746172744b75626550726f78793a085374617274696e6742120a"
        + "044e6f64651a066e6f64652d612a0276315a064e6f726d616c";

    private const string Events = "/apis/events.k8s.io/v1/namespaces/default/events";

    private readonly HttpClient _client = Exchange.NewClient();
    private FakeApiServer _server = null!; // set before each test

    public async Task InitializeAsync() => _server = await FakeApiServer.StartAsync();

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task AListOfAnExactVersionShowsThePast()
    {
        long first = _server.Store.Put(Documents.Service("one"));
        _server.Store.Put(Documents.Service("two"));
        _server.Store.Delete(ResourceType.Services, "shop", "one");

        (await ListAsync($"?resourceVersion={first}&resourceVersionMatch=Exact")).Should().Contain("\"one\"").And.NotContain("\"two\"");
        (await ListAsync($"?resourceVersion={first}&limit=5")).Should().Contain("\"one\"", "a limit with a version means exactly that one");
        (await ListAsync($"?resourceVersion={first}")).Should().Contain("\"two\"").And.NotContain("\"one\"");
    }

    [Theory]
    [InlineData("a", "web")]
    [InlineData("!a", "plain")]
    [InlineData("a=1", "web")]
    [InlineData("a!=1", "plain")]
    [InlineData("a in (1,2)", "web")]
    [InlineData("a notin (1,2)", "plain")]
    [InlineData("a in (1,2),b=3", "web")]
    public async Task LabelSelectorsSelect(string selector, string name)
    {
        _server.Store.Put(Documents.Service("web", labels: """{"a":"1","b":"3"}"""));
        _server.Store.Put(Documents.Service("plain"));

        string list = await ListAsync("?labelSelector=" + Uri.EscapeDataString(selector));

        list.Split("\"name\":").Should().HaveCount(2);
        list.Should().Contain($"\"name\":\"{name}\"");
    }

    [Theory]
    [InlineData("?fieldSelector=spec.selector%3Dx", HttpStatusCode.BadRequest)]
    [InlineData("?resourceVersionMatch=Exact", HttpStatusCode.UnprocessableEntity)]
    [InlineData("?resourceVersion=0&resourceVersionMatch=Exact", HttpStatusCode.UnprocessableEntity)]
    [InlineData("?sendInitialEvents=true", HttpStatusCode.UnprocessableEntity)]
    [InlineData("?watch=1&resourceVersionMatch=NotOlderThan", HttpStatusCode.UnprocessableEntity)]
    public async Task IllegalCombinationsAreRefused(string query, HttpStatusCode code)
    {
        using HttpResponseMessage response = await _client.GetAsync(new Uri(_server.ClearHttp1Uri, "/api/v1/services" + query), Exchange.Patience);

        response.StatusCode.Should().Be(code);
    }

    [Theory]
    [InlineData("application/vnd.kubernetes.protobuf, */*", false, "application/vnd.kubernetes.protobuf")]
    [InlineData("application/vnd.kubernetes.protobuf;q=0.5,application/json", false, "application/json")]
    [InlineData("application/vnd.kubernetes.protobuf, */*", true, "application/json")]
    public async Task TheFormatIsNegotiated(string accept, bool jsonOnly, string contentType)
    {
        _server.Options.JsonOnly = jsonOnly;
        using HttpRequestMessage request = Exchange.Get(_server.ClearHttp1Uri, "/api/v1/services", accept);

        using HttpResponseMessage response = await _client.SendAsync(request, Exchange.Patience);

        response.Content.Headers.ContentType!.MediaType.Should().Be(contentType);
    }

    [Fact]
    public async Task AListOfMetadataAloneLeavesOutTheRest()
    {
        _server.Store.Put(Documents.Service("web"));
        using HttpRequestMessage request = Exchange.Get(
            _server.ClearHttp1Uri, "/api/v1/services", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json");

        using HttpResponseMessage response = await _client.SendAsync(request, Exchange.Patience);

        response.Content.Headers.ContentType!.MediaType.Should().Be("application/json");
        (await response.Content.ReadAsStringAsync()).Should()
            .StartWith("{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{\"resourceVersion\":")
            .And.Contain("\"name\":\"web\"").And.Contain("\"uid\":").And.NotContain("\"spec\"");
    }

    [Fact]
    public async Task AWatchOfAVersionToComeIsSilentUntilItCame()
    {
        Stream stream = await Exchange.WatchAsync(_client, _server.ClearHttp1Uri, "/api/v1/services?watch=1&resourceVersion=50&timeoutSeconds=30");
        _server.Store.Put(Documents.Service("early"));
        _server.Store.AdvanceTo(60);
        _server.Store.Put(Documents.Service("late"));

        (await Exchange.ReadUntilAsync(stream, "late")).Should().NotContain("early");
    }

    [Fact]
    public async Task UnknownPathsAreTextAndVersionsAreServed()
    {
        using HttpResponseMessage unknown = await _client.GetAsync(new Uri(_server.ClearHttp1Uri, "/apis/none.example/v1/things"), Exchange.Patience);
        unknown.StatusCode.Should().Be(HttpStatusCode.NotFound);
        (await unknown.Content.ReadAsStringAsync()).Should().Be("404 page not found\n");
        (await _client.GetStringAsync(new Uri(_server.ClearHttp1Uri, "/version"))).Should().Contain("v1.36");
        (await _client.GetStringAsync(new Uri(_server.ClearHttp1Uri, "/readyz"))).Should().Be("ok");
    }

    [Fact]
    public async Task AnEventInProtobufIsStored()
    {
        (await PostAsync(Convert.FromHexString(EventBody), Recorded.Protobuf)).Should().Be(HttpStatusCode.Created);
        (await PostAsync(Convert.FromHexString(EventBody), Recorded.Protobuf)).Should().Be(HttpStatusCode.Conflict);

        _server.Store.Find(ResourceType.Events, "default", "p1").Should().Contain(".123456Z").And.Contain("StartKubeProxy");
    }

    [Theory]
    [InlineData("2026-11-20T15:00:00.123456Z", "Normal", HttpStatusCode.Created)]
    [InlineData("2026-11-20T15:00:00Z", "Normal", HttpStatusCode.BadRequest)]
    [InlineData("2026-11-20T15:00:00.1234567Z", "Normal", HttpStatusCode.BadRequest)]
    [InlineData("2026-11-20T15:00:00.123456Z", "Bad", HttpStatusCode.UnprocessableEntity)]
    public async Task EventsInJsonAreChecked(string eventTime, string type, HttpStatusCode code) =>
        (await PostAsync(Encoding.UTF8.GetBytes(Documents.Event("e", eventTime, type)), Recorded.Json)).Should().Be(code);

    [Fact]
    public async Task AnEventBecomesASeriesByAPatch()
    {
        await PostAsync(Encoding.UTF8.GetBytes(Documents.Event("e")), Recorded.Json);
        using StringContent patch = new(
            """{"series":{"count":2,"lastObservedTime":"2026-11-20T15:01:00.000000Z"}}""",
            new MediaTypeHeaderValue("application/strategic-merge-patch+json"));

        using HttpResponseMessage response = await _client.PatchAsync(new Uri(_server.ClearHttp1Uri, Events + "/e"), patch, Exchange.Patience);
        using HttpResponseMessage absent = await _client.PatchAsync(new Uri(_server.ClearHttp1Uri, Events + "/absent"), patch, Exchange.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        absent.StatusCode.Should().Be(HttpStatusCode.NotFound);
        _server.Store.Find(ResourceType.Events, "default", "e").Should().Contain("\"count\":2");
    }

    private Task<string> ListAsync(string query) => _client.GetStringAsync(new Uri(_server.ClearHttp1Uri, "/api/v1/services" + query));

    private async Task<HttpStatusCode> PostAsync(byte[] body, string contentType)
    {
        using ByteArrayContent content = new(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        using HttpResponseMessage response = await _client.PostAsync(new Uri(_server.ClearHttp1Uri, Events), content, Exchange.Patience);
        return response.StatusCode;
    }
}

using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using KubeProxySharp.FakeApi.Faults;
using KubeProxySharp.FakeApi.Schema;
using KubeProxySharp.FakeApi.Storage;
using KubeProxySharp.FakeApi.Transport;

namespace KubeProxySharp.FakeApi.Tests;

/// <summary>TLS, HTTP/2, credentials, and outages of several kinds.</summary>
public sealed class TransportTests : IAsyncLifetime
{
    private const string Watch = "/api/v1/services?watch=1&resourceVersion=1&timeoutSeconds=60";

    private FakeApiServer _server = null!; // set before each test

    public async Task InitializeAsync() => _server = await FakeApiServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(true, "HTTP/1.1")]
    [InlineData(false, "HTTP/2")]
    public async Task ClientsWithTokenAndAuthorityAreServedOverTls(bool http1, string protocol)
    {
        using HttpClient client = _server.CreateClient(http1);

        using HttpResponseMessage response = await client.GetAsync("/api/v1/nodes", Exchange.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        _server.Requests.All.Should().ContainSingle().Which.Protocol.Should().Be(protocol);
        _server.Requests.All[0].Headers["authorization"].Should().StartWith("Bearer ");
    }

    [Fact]
    public async Task Http2WorksWithoutTls()
    {
        using HttpClient client = Exchange.NewClient();
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_server.ClearHttp2Uri, "/api/v1/nodes"))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };

        using HttpResponseMessage response = await client.SendAsync(request, Exchange.Patience);

        response.Version.Should().Be(HttpVersion.Version20);
    }

    [Fact]
    public async Task ARevokedTokenGetsA401AndTheConnectionGoes()
    {
        using HttpClient client = _server.CreateClient();
        (await client.GetAsync("/version", Exchange.Patience)).StatusCode.Should().Be(HttpStatusCode.OK);
        _server.RevokeToken(_server.Options.Token);
        (await client.GetAsync("/api/v1/nodes", Exchange.Patience)).StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        _server.AddToken(_server.Options.Token, "system:kube-proxy");
        (await client.GetAsync("/api/v1/nodes", Exchange.Patience)).StatusCode.Should().Be(HttpStatusCode.OK);

        _server.Requests.All.Select(request => request.Connection).Distinct().Should().HaveCount(2);
    }

    [Fact]
    public async Task AClientCertificateIsAUser()
    {
        (string certificate, string key) = _server.Authority.IssueClient("system:node:node-a");
        string user = "";
        _server.Options.Authorize = (asker, _, _) => (user = asker).Length > 0;
        using X509Certificate2 pair = X509Certificate2.CreateFromPem(certificate, key);
        using SocketsHttpHandler handler = new() { UseProxy = false };
        handler.SslOptions.ClientCertificates = [pair];
        handler.SslOptions.CertificateChainPolicy = new()
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            CustomTrustStore = { _server.Authority.AuthorityCertificate },
        };
        using HttpClient client = new(handler);

        using HttpResponseMessage response = await client.GetAsync(new Uri(_server.SecureUri, "/api/v1/nodes"), Exchange.Patience);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        user.Should().Be("system:node:node-a");
    }

    [Theory]
    [InlineData(ServerCertificate.WrongName)]
    [InlineData(ServerCertificate.UnknownAuthority)]
    [InlineData(ServerCertificate.Expired)]
    public async Task AWrongCertificateIsRefusedByAClientThatLooks(ServerCertificate certificate)
    {
        _server.Certificate = certificate;
        using HttpClient client = _server.CreateClient();

        (await client.Awaiting(it => it.GetAsync("/version", Exchange.Patience)).Should().ThrowAsync<HttpRequestException>())
            .WithInnerException<AuthenticationException>();
    }

    [Fact]
    public async Task ADownServerRefusesAndComesBackAtTheSamePortWithTheSameObjects()
    {
        using HttpClient client = _server.CreateClient();
        _server.Store.Put(Documents.Service("web"));
        using HttpResponseMessage watch = await client.GetAsync(Watch, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
        Stream stream = await watch.Content.ReadAsStreamAsync();
        await Exchange.ReadUntilAsync(stream, "\"web\"");

        await _server.StopListeningAsync();
        await stream.Awaiting(Exchange.ReadAllAsync).Should().ThrowAsync<IOException>();
        (await client.Awaiting(it => it.GetAsync("/version", Exchange.Patience)).Should().ThrowAsync<HttpRequestException>())
            .Which.HttpRequestError.Should().Be(HttpRequestError.ConnectionError);

        await _server.StartListeningAsync();
        (await client.GetStringAsync("/api/v1/services", Exchange.Patience)).Should().Contain("\"web\"");
    }

    [Theory]
    [InlineData(OutageKind.Refused)]
    [InlineData(OutageKind.AcceptsAndCloses)]
    [InlineData(OutageKind.Hangs)]
    [InlineData(OutageKind.Unavailable)]
    [InlineData(OutageKind.TooManyRequests)]
    public async Task AServerIsAwayInItsWayAndComesBackRolledBack(OutageKind kind)
    {
        using HttpClient client = _server.CreateClient();
        _server.Store.Put(Documents.Service("old"));
        StoreState state = _server.Store.Save();
        long later = _server.Store.Put(Documents.Service("new"));
        using HttpResponseMessage watch = await client.GetAsync(Watch, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
        Stream stream = await watch.Content.ReadAsStreamAsync();
        await Exchange.ReadUntilAsync(stream, "\"new\"");

        await _server.StartOutageAsync(kind, retryAfter: 7);
        using (HttpClient other = _server.CreateClient())
        {
            Task<HttpResponseMessage> probe = other.GetAsync("/version", Exchange.Patience);
            switch (kind)
            {
                case OutageKind.Hangs:
                    (await Task.WhenAny(probe, Task.Delay(TimeSpan.FromMilliseconds(300), TimeProvider.System, Exchange.Patience))).Should().NotBeSameAs(probe);
                    break;
                case OutageKind.Unavailable or OutageKind.TooManyRequests:
                    using (HttpResponseMessage answer = await probe)
                    {
                        ((int)answer.StatusCode).Should().Be(kind == OutageKind.Unavailable ? 503 : 429);
                        answer.Headers.RetryAfter!.Delta.Should().Be(TimeSpan.FromSeconds(7)); // it was asked for
                    }

                    break;
                default:
                    await FluentActions.Awaiting(() => probe).Should().ThrowAsync<HttpRequestException>();
                    break;
            }
        }

        await _server.RecoverAsync(new RecoveryOptions { RolledBackTo = state });

        await stream.Awaiting(Exchange.ReadAllAsync).Should().ThrowAsync<IOException>();
        (await client.GetStringAsync("/api/v1/services", Exchange.Patience)).Should().Contain("\"old\"").And.NotContain("\"new\"");
        _server.Store.ResourceVersion.Should().Be(state.Version).And.BeLessThan(later);
    }

    [Fact]
    public async Task ARestartedServerCallsOldVersionsExpired()
    {
        using HttpClient client = _server.CreateClient();
        long version = _server.Store.Put(Documents.Service("web"));
        await _server.StartOutageAsync(OutageKind.Refused);
        await _server.RecoverAsync(new RecoveryOptions { IsRestarted = true });

        string answer = await client.GetStringAsync($"/api/v1/services?watch=1&resourceVersion={version}&timeoutSeconds=60", Exchange.Patience);

        answer.Should().Contain("\"code\":410");
    }

    [Fact]
    public async Task AFrozenServerAnswersNoPing()
    {
        using SocketsHttpHandler handler = new()
        {
            KeepAlivePingDelay = TimeSpan.FromSeconds(1),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.Always,
        };
        using HttpClient client = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(_server.ClearHttp2Uri, Watch))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage watch = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
        Stream stream = await watch.Content.ReadAsStreamAsync();

        _server.Freeze();

        await stream.Awaiting(Exchange.ReadAllAsync).Should().ThrowAsync<HttpProtocolException>();
        _server.Unfreeze();
    }

    [Fact]
    public async Task DroppedConnectionsEndWatchesAbruptly()
    {
        using HttpClient client = _server.CreateClient();
        using HttpResponseMessage watch = await client.GetAsync(Watch, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
        _server.OpenWatches(ResourceType.Services).Should().Be(1);

        _server.DropConnections();

        await (await watch.Content.ReadAsStreamAsync()).Awaiting(Exchange.ReadAllAsync).Should().ThrowAsync<IOException>();
    }

    [Fact]
    public async Task AfterGoAwayTheNextRequestComesOverANewConnection()
    {
        using HttpClient client = _server.CreateClient();
        _server.Faults.Inject(new GoAwayFault { Verb = "watch" });
        using HttpResponseMessage watch = await client.GetAsync(Watch, HttpCompletionOption.ResponseHeadersRead, Exchange.Patience);
        Stream stream = await watch.Content.ReadAsStreamAsync();
        _server.Store.Put(Documents.Service("web"));
        await Exchange.ReadUntilAsync(stream, "\"web\"");

        await client.GetStringAsync("/version", Exchange.Patience);

        _server.Requests.All.Select(request => request.Connection).Distinct().Should().HaveCount(2);
    }
}

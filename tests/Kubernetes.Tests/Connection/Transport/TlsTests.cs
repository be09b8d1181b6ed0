using System.Net;
using System.Security.Authentication;
using KubeProxySharp.Kubernetes.Connection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Transport;

public sealed class TlsTests : IDisposable
{
    private readonly ConnectionBench _bench = new();
    private readonly TestAuthority _authority = TestAuthority.Create("cluster-ca");
    private readonly TestAuthority _stranger = TestAuthority.Create("stranger");

    private string Trusted => $"certificate-authority-data: {ConnectionBench.Base64(_authority.Pem)}";

    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2, "HTTP/2")]
    [InlineData(HttpProtocols.Http1, "HTTP/1.1")]
    public async Task TheNewestVersionThatTheServerHasIsSpoken(HttpProtocols protocols, string spoken)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"), protocols: protocols);
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}/prefix/?x=1', {Trusted}}}");

        using HttpRequestMessage request = new(HttpMethod.Get, "api/v1/services");
        using HttpResponseMessage response = await connection.Client.SendAsync(request);

        ReceivedRequest seen = server.Requests.Should().ContainSingle().Subject;
        seen.Protocol.Should().Be(spoken);
        seen.Target.Should().Be("/prefix/api/v1/services");
        seen.Headers["User-Agent"].Should().Be("kube-proxy-sharp");
        seen.Headers["Accept-Encoding"].Should().Be("gzip");
    }

    [Fact]
    public async Task AnUnknownAuthorityIsRefusedAndTheReasonIsTold()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_stranger.Server("127.0.0.1"));
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', {Trusted}}}");

        HttpRequestException refused = await RefusedAsync(connection);

        refused.InnerException.Should().BeOfType<AuthenticationException>()
            .Which.Message.Should().Contain("CN=stranger").And.Contain("clusters[name=c].cluster.certificate-authority-data");
        server.Requests.Should().BeEmpty();
    }

    [Fact]
    public async Task TheSystemsAuthoritiesDoNotCountForAnUnknownServer()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"));
        using ApiConnection connection = ApiConnection.Anonymous(server.Url, _bench.Settings);

        (await RefusedAsync(connection)).InnerException!.Message.Should().Contain("authority of this system");
    }

    [Fact]
    public async Task AnotherHostIsRefused()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("10.1.2.3", "elsewhere"));
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', {Trusted}}}");

        (await RefusedAsync(connection)).InnerException!.Message.Should().Contain("is not for \"127.0.0.1\"").And.Contain("tls-server-name");
    }

    /// <summary>Of an address in brackets, the certificate has what is between them.</summary>
    [Theory]
    [InlineData("::1", true)]
    [InlineData("fd00::1", false)]
    public async Task TheServerMayHaveAnIPv6Address(string name, bool isAccepted)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server(name), address: IPAddress.IPv6Loopback);
        using ApiConnection connection = _bench.Open($"{{server: 'https://[::1]:{server.Port}', {Trusted}}}");

        if (isAccepted)
        {
            (await connection.Client.GetAsync(new Uri("x", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
        }
        else
        {
            (await RefusedAsync(connection)).InnerException!.Message.Should().Contain("is not for");
        }
    }

    [Theory]
    [InlineData("elsewhere", true)]
    [InlineData("nowhere", false)]
    public async Task TheServerMustHaveTheNameOfTlsServerName(string name, bool isAccepted)
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("elsewhere"));
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', tls-server-name: {name}, {Trusted}}}");

        if (isAccepted)
        {
            (await connection.Client.GetAsync(new Uri("x", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
            server.Requests.Single().Protocol.Should().Be("HTTP/2");
        }
        else
        {
            (await RefusedAsync(connection)).InnerException!.Message.Should().Contain("is not for \"nowhere\"");
        }
    }

    [Fact]
    public async Task EveryCertificateOfABundleIsTrusted()
    {
        string bundle = ConnectionBench.Base64(_stranger.Pem + _authority.Pem);
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"));
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', certificate-authority-data: {bundle}}}");

        (await connection.Client.GetAsync(new Uri("x", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AnIntermediateAloneIsAnAnchorAsForGo()
    {
        using TestAuthority intermediate = _authority.Intermediate("intermediate");
        await using TestApiServer server = await TestApiServer.StartAsync(intermediate.Server("127.0.0.1"));
        string cluster = $"{{server: '{server.Url}', certificate-authority-data: {ConnectionBench.Base64(intermediate.Pem)}}}";
        using ApiConnection connection = _bench.Open(cluster);

        (await connection.Client.GetAsync(new Uri("x", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AnotherKeyUnderTheNameOfTheAnchorIsRefused(bool isSent)
    {
        using TestAuthority intermediate = _authority.Intermediate("intermediate");
        using TestAuthority impostor = _stranger.Intermediate("intermediate");
        await using TestApiServer server = await TestApiServer.StartAsync(
            impostor.Server("127.0.0.1"), chain: isSent ? [impostor.Certificate] : null);
        string cluster = $"{{server: '{server.Url}', certificate-authority-data: {ConnectionBench.Base64(intermediate.Pem)}}}";
        using ApiConnection connection = _bench.Open(cluster);

        await RefusedAsync(connection);
    }

    [Fact]
    public async Task AnIntermediateOfAnUnknownRootIsRefused()
    {
        using TestAuthority intermediate = _stranger.Intermediate("intermediate");
        await using TestApiServer server = await TestApiServer.StartAsync(
            intermediate.Server("127.0.0.1"), chain: [intermediate.Certificate, _stranger.Certificate]);
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', {Trusted}}}");

        await RefusedAsync(connection);
    }

    [Fact]
    public async Task WithoutVerificationAnyServerIsTakenAndTheLogWarns()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(_stranger.Server("elsewhere"));
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', insecure-skip-tls-verify: true}}");

        (await connection.Client.GetAsync(new Uri("x", UriKind.Relative))).StatusCode.Should().Be(HttpStatusCode.OK);
        _bench.Log.Text.Should().Contain("Warning The certificate of");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ClientCertificatesOfBothKindsOfKeysAreSent(bool isRsa)
    {
        (string certificate, string key) = _authority.Client("node-1", isRsa);
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"));
        string keyPath = _bench.Write("key.pem", key);
        using ApiConnection connection = _bench.Open(
            $"{{server: '{server.Url}', {Trusted}}}", $"{{client-certificate-data: {ConnectionBench.Base64(certificate)}, client-key: {keyPath}}}");

        await connection.Client.GetAsync(new Uri("x", UriKind.Relative));

        server.Requests.Single().Certificate.Should().Be("CN=node-1");
    }

    [Fact]
    public void AnEd25519KeyIsRefusedWithARemedy()
    {
        (string certificate, string key) = _authority.Ed25519Client();
        string user = $"{{client-certificate-data: {ConnectionBench.Base64(certificate)}, client-key-data: {ConnectionBench.Base64(key)}}}";

        FluentActions.Invoking(() => _bench.Open("{server: 'https://127.0.0.1'}", user))
            .Should().Throw<ConnectionException>().WithMessage("*users[name=u].user.client-certificate with client-key*Ed25519 is not supported*");
    }

    [Theory]
    [InlineData(HttpProtocols.Http1AndHttp2)]
    [InlineData(HttpProtocols.Http1)]
    public async Task ARenewedClientCertificateIsUsedAndARunningWatchGoesOn(HttpProtocols protocols)
    {
        TaskCompletionSource proceed = new();
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"), WatchAsync(proceed.Task), protocols);
        WriteClient("first");
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', {Trusted}}}", "{client-certificate: cert.pem, client-key: key.pem}");
        using HttpResponseMessage watch = await connection.Client.GetAsync(new Uri("watch", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await watch.Content.ReadAsStreamAsync();
        stream.ReadByte().Should().Be('a');

        WriteClient("second");
        _bench.Time.Advance(TimeSpan.FromMinutes(4));
        await connection.Client.GetAsync(new Uri("early", UriKind.Relative));
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await connection.Client.GetAsync(new Uri("late", UriKind.Relative));
        proceed.SetResult();

        stream.ReadByte().Should().Be('b');
        server.Requests.Select(request => (request.Target, request.Certificate)).Should().Equal(
            ("/watch", "CN=first"), ("/early", "CN=first"), ("/late", "CN=second"));
    }

    [Fact]
    public async Task ARenewedAuthorityIsTrustedAndABrokenOneIsNot()
    {
        _bench.Write("ca.pem", _stranger.Pem);
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"));
        using ApiConnection connection = _bench.Open($"{{server: '{server.Url}', certificate-authority: ca.pem}}");
        await RefusedAsync(connection);

        _bench.Write("ca.pem", _authority.Pem);
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        await connection.Client.GetAsync(new Uri("x", UriKind.Relative));
        _bench.Write("ca.pem", "");
        _bench.Time.Advance(TimeSpan.FromMinutes(5));
        await connection.Client.GetAsync(new Uri("x", UriKind.Relative));

        server.Requests.Should().HaveCount(2);
        _bench.Log.Text.Should().Contain("could not be read again");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _stranger.Dispose();
        _bench.Dispose();
    }

    private static RequestDelegate WatchAsync(Task proceed) => async context =>
    {
        if (context.Request.Path == "/watch")
        {
            await context.Response.WriteAsync("a");
            await context.Response.Body.FlushAsync();
            await proceed;
            await context.Response.WriteAsync("b");
        }
    };

    private static async Task<HttpRequestException> RefusedAsync(ApiConnection connection) =>
        (await FluentActions.Awaiting(() => connection.Client.GetAsync(new Uri("x", UriKind.Relative))).Should().ThrowAsync<HttpRequestException>())
        .Where(e => e.HttpRequestError == HttpRequestError.SecureConnectionError).Which;

    private void WriteClient(string name)
    {
        (string certificate, string key) = _authority.Client(name);
        _bench.Write("cert.pem", certificate);
        _bench.Write("key.pem", key);
    }
}

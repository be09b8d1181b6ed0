using System.Net;
using System.Text;
using KubeProxySharp.Kubernetes.Connection;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Credentials;

public sealed class CredentialRotationTests : IDisposable
{
    private readonly ConnectionBench _bench = new();
    private readonly TestAuthority _authority = TestAuthority.Create("cluster-ca");

    [Fact]
    public async Task TheServiceAccountIsUsedAndItsTokenRereadOnceAMinute()
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = InCluster(server, "one\n");
        await GetAsync(connection);
        _bench.Write("token", "two");
        _bench.Time.Advance(TimeSpan.FromSeconds(59));
        await GetAsync(connection);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await GetAsync(connection);

        server.Requests.Select(request => request.Authorization).Should().Equal("Bearer one", "Bearer one", "Bearer two");
        connection.Namespace.Should().Be("kube-system");
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n")]
    [InlineData(null)]
    public async Task ALostTokenFileLeavesTheLastTokenInUse(string? content)
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = InCluster(server, "one");

        File.Delete(Path.Combine(_bench.Folder, "token"));
        if (content is not null)
        {
            _bench.Write("token", content);
        }

        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await GetAsync(connection);
        _bench.Time.Advance(TimeSpan.FromMinutes(1));
        await GetAsync(connection);

        server.Requests.Select(request => request.Authorization).Should().Equal("Bearer one", "Bearer one");
        _bench.Log.Lines.Should().ContainSingle(line => line.Contains("could not be read again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AnExpiredTokenIsReplacedAtOnceAndTheRequestRepeated()
    {
        await using TestApiServer server = await StartAsync(refused: "Bearer one");
        using ApiConnection connection = InCluster(server, "one");
        _bench.Write("token", "two");

        using ByteArrayContent content = new(Encoding.UTF8.GetBytes("body"));
        using HttpResponseMessage response = await connection.Client.PostAsync(new Uri("x", UriKind.Relative), content);

        response.StatusCode.Should().Be(HttpStatusCode.OK);
        (await response.Content.ReadAsStringAsync()).Should().Be("body");
        server.Requests.Select(request => request.Authorization).Should().Equal("Bearer one", "Bearer two");
    }

    /// <summary>Who waits after a refusal hears of a new token at once, not when its wait is over or the file is a minute old.</summary>
    [Fact]
    public async Task AFileThatIsReplacedIsNoticedWhileSomebodyWaits()
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = InCluster(server, "one");
        using CancellationTokenSource end = new();
        Task first = connection.WaitForReplacedFilesAsync(end.Token);
        Task second = connection.WaitForReplacedFilesAsync(end.Token);
        _bench.Time.Advance(TimeSpan.FromSeconds(5));
        first.IsCompleted.Should().BeFalse();

        _bench.Write("token", "two");
        await ConnectionBench.Eventually(() =>
        {
            _bench.Time.Advance(TimeSpan.FromMilliseconds(500));
            return first.IsCompleted && second.IsCompleted;
        });
        await GetAsync(connection);

        server.Requests.Single().Authorization.Should().Be("Bearer two");
    }

    [Fact]
    public async Task AStreamIsNotSentTwiceButTheNextRequestHasTheFreshToken()
    {
        await using TestApiServer server = await StartAsync(refused: "Bearer one");
        using ApiConnection connection = InCluster(server, "one");
        _bench.Write("token", "two");

        using StreamContent content = new(new MemoryStream([1]));
        using HttpResponseMessage first = await connection.Client.PostAsync(new Uri("x", UriKind.Relative), content);
        HttpStatusCode second = await GetAsync(connection);

        first.StatusCode.Should().Be(HttpStatusCode.Unauthorized);
        second.Should().Be(HttpStatusCode.OK);
        server.Requests.Should().HaveCount(2);
    }

    [Fact]
    public async Task ATokenThatStaysTheSameIsNotTriedTwice()
    {
        await using TestApiServer server = await StartAsync(refused: "Bearer one");
        using ApiConnection connection = InCluster(server, "one");

        (await GetAsync(connection)).Should().Be(HttpStatusCode.Unauthorized);

        server.Requests.Should().ContainSingle();
    }

    [Theory]
    [InlineData("{token: abc}", "Bearer abc")]
    [InlineData("{token: abc, tokenFile: missing}", "Bearer abc")]
    [InlineData("{token: abc, tokenFile: token}", "Bearer from-file")]
    [InlineData("{username: me, password: pw}", "Basic bWU6cHc=")]
    [InlineData("{token: abc, exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/false, interactiveMode: Never}}", "Bearer abc")]
    [InlineData("{}", "")]
    public async Task TheUserOfAKubeconfigIsSentAsHeader(string user, string authorization)
    {
        _bench.Write("token", "from-file");
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = _bench.Open(Cluster(server), user);

        await GetAsync(connection);

        server.Requests.Single().Authorization.Should().Be(authorization);
    }

    [Fact]
    public async Task ImpersonationIsSentAsHeaders()
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = _bench.Open(
            Cluster(server), "{token: abc, as: jané, as-uid: '7', as-groups: [dev], as-user-extra: {'example.org/a b': [x]}}");

        await GetAsync(connection);

        IReadOnlyDictionary<string, string> headers = server.Requests.Single().Headers;
        headers["Impersonate-User"].Should().Be("jané");
        headers["Impersonate-Uid"].Should().Be("7");
        headers["Impersonate-Group"].Should().Be("dev");
        headers["Impersonate-Extra-example.org%2Fa%20b"].Should().Be("x");
    }

    [Fact]
    public async Task OverPlainHttpNoCredentialIsSent()
    {
        await using TestApiServer server = await TestApiServer.StartAsync(null);
        using ApiConnection connection = _bench.Open($"{{server: '127.0.0.1:{server.Port}'}}", "{token: abc, as: jane}");

        await GetAsync(connection);

        ReceivedRequest seen = server.Requests.Single();
        seen.Authorization.Should().BeEmpty();
        seen.Headers.Keys.Should().NotContain("Impersonate-User");
        _bench.Log.Text.Should().Contain("plain http");
    }

    [Fact]
    public async Task RequestsToOtherServersAreNotSent()
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = _bench.Open(Cluster(server), "{token: abc}");

        await FluentActions.Awaiting(() => connection.Client.GetAsync(new Uri($"https://localhost:{server.Port}/")))
            .Should().ThrowAsync<InvalidOperationException>();
        server.Requests.Should().BeEmpty();
    }

    public void Dispose()
    {
        _authority.Dispose();
        _bench.Dispose();
    }

    private static async Task<HttpStatusCode> GetAsync(ApiConnection connection)
    {
        using HttpResponseMessage response = await connection.Client.GetAsync(new Uri("x", UriKind.Relative));
        return response.StatusCode;
    }

    private string Cluster(TestApiServer server) =>
        $"{{server: '{server.Url}', certificate-authority-data: {ConnectionBench.Base64(_authority.Pem)}}}";

    private Task<TestApiServer> StartAsync(string refused = "nobody") => TestApiServer.StartAsync(_authority.Server("127.0.0.1"), async context =>
    {
        context.Response.StatusCode = context.Request.Headers.Authorization == refused ? 401 : 200;
        await context.Request.Body.CopyToAsync(context.Response.Body);
    });

    private ApiConnection InCluster(TestApiServer server, string token)
    {
        _bench.Write("token", token);
        _bench.Write("ca.crt", _authority.Pem);
        _bench.Write("namespace", "kube-system");
        _bench.Variables["KUBERNETES_SERVICE_HOST"] = "127.0.0.1";
        _bench.Variables["KUBERNETES_SERVICE_PORT"] = $"{server.Port}";
        return ApiConnection.InCluster(_bench.Settings);
    }
}

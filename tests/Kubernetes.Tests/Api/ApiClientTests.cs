using System.IO.Compression;
using System.Net;
using KubeProxySharp.Kubernetes.Api;
using KubeProxySharp.Kubernetes.Tests.Wire;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Tests.Api;

public sealed class ApiClientTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task RequestsCarryTheHeadersOfKubeProxyAndThePathOfTheServer()
    {
        using ScriptedServer server = new(_time) { Server = new Uri("https://rancher.example/k8s/clusters/c-1/") };
        server.List([]);

        using HttpResponseMessage response = await Client(server).SendAsync(new(HttpMethod.Get, "/api/v1/services?limit=1"), CancellationToken.None);

        HttpRequestMessage request = server.Requests[0].Message;
        request.RequestUri!.AbsoluteUri.Should().Be("https://rancher.example/k8s/clusters/c-1/api/v1/services?limit=1");
        request.Headers.Accept.ToString().Should().Be("application/vnd.kubernetes.protobuf, */*");
        request.Headers.UserAgent.ToString().Should().StartWith("kube-proxy-sharp/");
        request.Headers.AcceptEncoding.ToString().Should().Be("gzip");
        request.Version.Should().Be(HttpVersion.Version20);
        request.VersionPolicy.Should().Be(HttpVersionPolicy.RequestVersionOrLower);
    }

    [Fact]
    public async Task WatchesAndForbiddenCompressionAskForNone()
    {
        using ScriptedServer server = new(_time);
        using ScriptedServer plain = new(_time) { AllowsCompression = false };

        using HttpResponseMessage watch = await Client(server.List([])).SendAsync(new(HttpMethod.Get, "/a") { IsWatch = true }, CancellationToken.None);
        using HttpResponseMessage list = await Client(plain.List([])).SendAsync(new(HttpMethod.Get, "/a"), CancellationToken.None);

        server.Requests[0].Message.Headers.AcceptEncoding.Should().BeEmpty();
        plain.Requests[0].Message.Headers.AcceptEncoding.Should().BeEmpty();
    }

    [Fact]
    public async Task ACompressedBodyIsOpened()
    {
        using ScriptedServer server = new(_time);
        server.Reply(() =>
        {
            HttpResponseMessage compressed = new(HttpStatusCode.OK) { Content = new ByteArrayContent(RecordedBodies.Body("gzip/list-gzip.pb")) };
            compressed.Content.Headers.ContentEncoding.Add("gzip");
            return compressed;
        });

        using HttpResponseMessage response = await Client(server).SendAsync(new(HttpMethod.Get, "/a"), CancellationToken.None);
        await using Stream stream = await ApiClient.OpenAsync(response, CancellationToken.None);

        byte[] start = new byte[4];
        await stream.ReadExactlyAsync(start);
        stream.Should().BeOfType<GZipStream>();
        start.Should().Equal("k8s\0"u8.ToArray());
    }

    [Fact]
    public async Task ARefusalTellsRequestCodeReasonAndMessage()
    {
        using ScriptedServer server = new(_time);
        server.Refuse(HttpStatusCode.Forbidden, RecordedBodies.Body("errors/403-service-account.json"), "application/json", retryAfter: 3);

        Func<Task> act = () => Client(server).SendAsync(new(HttpMethod.Get, "/apis/x?watch=true"), CancellationToken.None);

        ApiException refused = (await act.Should().ThrowAsync<ApiException>()).Which;
        refused.Message.Should().StartWith("GET /apis/x: 403 Forbidden: endpointslices.discovery.k8s.io is forbidden");
        refused.Status.RetryAfter.Should().Be(TimeSpan.FromSeconds(3));
    }

    [Theory]
    [InlineData("application/vnd.kubernetes.protobuf")]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    public async Task ABodyThatIsNoStatusLeavesTheCode(string contentType)
    {
        using ScriptedServer server = new(_time);
        server.Refuse(HttpStatusCode.ServiceUnavailable, "nonsense"u8.ToArray(), contentType);

        Func<Task> act = () => Client(server).SendAsync(new(HttpMethod.Get, "/a"), CancellationToken.None);

        (await act.Should().ThrowAsync<ApiException>()).Which.Status.Code.Should().Be(503);
    }

    private ApiClient Client(ScriptedServer server) => new(server, new ApiClientOptions(), server, _time, NullLogger<ApiClient>.Instance);
}

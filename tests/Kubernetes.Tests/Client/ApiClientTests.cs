using System.Net;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Tests.Watch;
using KubeProxySharp.Kubernetes.Tests.Wire;
using KubeProxySharp.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Tests.Client;

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
        request.Version.Should().Be(HttpVersion.Version20);
        request.VersionPolicy.Should().Be(HttpVersionPolicy.RequestVersionOrLower);
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

    private ApiClient Client(ScriptedServer server) => new(server.Connection, new ApiClientOptions(), server, _time, NullLogger<ApiClient>.Instance);
}

using System.Net;
using KubeProxySharp.Kubernetes.Connection;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Kubernetes.Tests.Connection;

public sealed class SecrecyTests : IDisposable
{
    private const string Marker = "hunter2-Xq7Zp9Lw3Rt5Kd8V";

    private readonly ConnectionBench _bench = new();
    private readonly TestAuthority _authority = TestAuthority.Create("cluster-ca");

    [Theory]
    [InlineData("{token: " + Marker + "}")]
    [InlineData("{tokenFile: token}")]
    [InlineData("{username: me, password: " + Marker + "}")]
    [InlineData("{exec: {apiVersion: client.authentication.k8s.io/v1, command: sh, args: [plugin.sh], env: [{name: KEY, value: " + Marker + "}], interactiveMode: Never}}")]
    public async Task NeitherTheLogNorARequestNorAnAnswerShowsACredential(string user)
    {
        _bench.Write("token", Marker);
        string script = _bench.Write("plugin.sh", $$"""
            echo "key is $KEY" >&2
            echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"{{Marker}}"} }'
            """);
        int requests = 0;
        await using TestApiServer server = await TestApiServer.StartAsync(_authority.Server("127.0.0.1"), context =>
        {
            context.Response.StatusCode = Interlocked.Increment(ref requests) == 1 ? 401 : 200;
            return Task.CompletedTask;
        });
        using ApiConnection connection = _bench.Open(
            $"{{server: '{server.Url}', certificate-authority-data: {ConnectionBench.Base64(_authority.Pem)}}}",
            user.Replace("plugin.sh", script, StringComparison.Ordinal));
        using HttpRequestMessage request = new(HttpMethod.Get, "x");

        using HttpResponseMessage response = await connection.Client.SendAsync(request);

        string sent = ConnectionBench.Base64("me:" + Marker);
        server.Requests.First().Authorization.Should().Match(text => text.Contains(Marker) || text.Contains(sent));
        string shown = $"{request}\n{response}\n{response.RequestMessage}\n{_bench.Log.Text}";
        shown.Should().NotContain(Marker).And.NotContain(sent);
    }

    [Fact]
    public async Task NeitherAFailingPluginNorAFailingConnectionShowsACredential()
    {
        string script = _bench.Write("plugin.sh", """
            printf '%s\n%s\n' "$KEY" "$1" >&2
            exit 1
            """);
        using ApiConnection failing = _bench.Open(
            "{server: 'https://127.0.0.1:1'}",
            $"{{exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [{script}, {Marker}], env: [{{name: KEY, value: blue-horse}}], interactiveMode: Never}}}}");
        using ApiConnection unreachable = _bench.Open("{server: 'https://127.0.0.1:1'}", $"{{token: {Marker}}}");

        string shown = $"{await FailureAsync(failing)}\n{await FailureAsync(unreachable)}\n{_bench.Log.Text}";

        shown.Should().Contain("exit code 1; it said: [hidden] [hidden]").And.Contain("refused");
        shown.Should().NotContain(Marker).And.NotContain("blue-horse");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _bench.Dispose();
    }

    private static async Task<string> FailureAsync(ApiConnection connection)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "x");
        HttpRequestException failed =
            (await FluentActions.Awaiting(() => connection.Client.SendAsync(request)).Should().ThrowAsync<HttpRequestException>()).Which;
        return $"{failed}\n{request}";
    }
}

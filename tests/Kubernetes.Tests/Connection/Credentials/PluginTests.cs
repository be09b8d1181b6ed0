using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using KubeProxySharp.Kubernetes.Connection;
using Microsoft.AspNetCore.Http;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Credentials;

public sealed class PluginTests : IDisposable
{
    private const string Version = "client.authentication.k8s.io/v1";

    private readonly ConnectionBench _bench = new();
    private readonly TestAuthority _authority = TestAuthority.Create("cluster-ca");

    [Fact]
    public async Task ATokenIsKeptUntilItExpires()
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = Open(server, $$"""
            echo run >> {{_bench.Folder}}/runs
            n=$(wc -l < {{_bench.Folder}}/runs)
            printf '{"kind":"ExecCredential","apiVersion":"{{Version}}","status":{"token":"t%s","expirationTimestamp":"2026-11-20T12:0%s:00.000000000Z"} }' $n $n
            """);

        await GetAsync(connection);
        _bench.Time.Advance(TimeSpan.FromSeconds(59));
        await GetAsync(connection);
        _bench.Time.Advance(TimeSpan.FromSeconds(1));
        await GetAsync(connection);

        server.Requests.Select(request => request.Authorization).Should().Equal("Bearer t1", "Bearer t1", "Bearer t2");
    }

    [Fact]
    public async Task ARefusedTokenIsReplacedByOneRunForAllWhoWereRefused()
    {
        await using TestApiServer server = await StartAsync(refused: "Bearer t1");
        using ApiConnection connection = Open(server, $$"""
            echo run >> {{_bench.Folder}}/runs
            printf '{"kind":"ExecCredential","apiVersion":"{{Version}}","status":{"token":"t%s"} }' $(wc -l < {{_bench.Folder}}/runs)
            """);

        HttpStatusCode[] answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => GetAsync(connection)));

        answers.Should().AllBeEquivalentTo(HttpStatusCode.OK);
        (await File.ReadAllLinesAsync(Path.Combine(_bench.Folder, "runs"))).Should().HaveCount(2);
    }

    [Theory]
    [InlineData("v1", "interactiveMode: IfAvailable, ")]
    [InlineData("v1beta1", "")]
    public async Task ThePluginIsToldAboutTheClusterAndItsCertificateIsUsed(string version, string mode)
    {
        (string certificate, string key) = _authority.Client("plugin-user");
        string answer = _bench.Write("answer", $$$"""
            {"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/{{{version}}}","status":{
            "clientCertificateData":"{{{certificate.ReplaceLineEndings("\\n")}}}","clientKeyData":"{{{key.ReplaceLineEndings("\\n")}}}"}}
            """);
        _bench.Write("plugin.sh", $"""
            printf %s "$KUBERNETES_EXEC_INFO" > {_bench.Folder}/info
            printf %s "$STAGE:$1" > {_bench.Folder}/arguments
            cat
            cat {answer}
            """);
        await using TestApiServer server = await StartAsync();
        string cluster = $"{{server: '{server.Url}', certificate-authority-data: {ConnectionBench.Base64(_authority.Pem)}, "
            + "extensions: [{name: client.authentication.k8s.io/exec, extension: {audience: a, n: 7, list: [true, null, 1.5]}}]}";
        using ApiConnection connection = _bench.Open(
            cluster,
            $"{{exec: {{apiVersion: client.authentication.k8s.io/{version}, command: sh, args: [{_bench.Folder}/plugin.sh, 'a b;c'], {mode}"
            + "env: [{name: STAGE, value: dev}], provideClusterInfo: true}}");

        await GetAsync(connection);

        server.Requests.Single().Certificate.Should().Be("CN=plugin-user");
        (await File.ReadAllTextAsync(Path.Combine(_bench.Folder, "arguments"))).Should().Be("dev:a b;c");
        using JsonDocument info = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(_bench.Folder, "info")));
        info.RootElement.GetProperty("kind").GetString().Should().Be("ExecCredential");
        info.RootElement.GetProperty("apiVersion").GetString().Should().EndWith("/" + version);
        JsonElement described = info.RootElement.GetProperty("spec").GetProperty("cluster");
        described.GetProperty("server").GetString().Should().Be(server.Url);
        Encoding.UTF8.GetString(described.GetProperty("certificate-authority-data").GetBytesFromBase64()).Should().Be(_authority.Pem);
        described.GetProperty("config").GetRawText().Should().Be("""{"audience":"a","n":7,"list":[true,null,1.5]}""");
    }

    [Theory]
    [InlineData("exit 3", "*ended with exit code 3; it said: nothing*")]
    [InlineData("echo not allowed >&2; exit 1", "*exit code 1; it said: not allowed*")]
    [InlineData("echo hunter2-is-not-json", "*20 bytes that are not an ExecCredential in JSON*")]
    [InlineData("true", "*0 bytes that are not an ExecCredential*")]
    [InlineData("echo '[1]'", "*not an ExecCredential*")]
    [InlineData("head -c 3000000 /dev/zero", "*printed more than 1048576 bytes*")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1beta1\"}'", "*no ExecCredential of client.authentication.k8s.io/v1;*")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\"}'", "*without status*")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{}}'", "*neither a token nor a certificate*")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"clientKeyData\":\"hunter2\"} }'", "*a key without its certificate*")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"hunter2\\\\nx\"} }'", "*blanks or characters outside ASCII*")]
    [InlineData("echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\"status\":{\"token\":\"hunter2\",\"expirationTimestamp\":\"soon\"} }'", "*not a time*")]
    public async Task APluginThatFailsFailsTheRequestAndTheNextOneTriesAgain(string script, string message)
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = Open(server, script);

        HttpRequestException failed = await FailedAsync(connection);

        failed.HttpRequestError.Should().Be(HttpRequestError.UserAuthenticationError);
        failed.Message.Should().Match(message);
        failed.ToString().Should().NotContain("hunter2");
        _bench.Log.Text.Should().NotContain("hunter2");
        server.Requests.Should().BeEmpty();
        _bench.Write("plugin.sh", $$"""echo '{"kind":"ExecCredential","apiVersion":"{{Version}}","status":{"token":"t"} }'""");
        (await GetAsync(connection)).Should().Be(HttpStatusCode.OK);
    }

    [Fact]
    public async Task APluginThatHangsIsKilledWithItsChildrenAfterAMinute()
    {
        await using TestApiServer server = await StartAsync();
        using ApiConnection connection = Open(server, $"sleep 1000 & echo $! > {_bench.Folder}/child.tmp; mv {_bench.Folder}/child.tmp {_bench.Folder}/child; wait");
        Task<HttpRequestException> failing = FailedAsync(connection);
        string childFile = Path.Combine(_bench.Folder, "child");
        await ConnectionBench.Eventually(() => File.Exists(childFile));
        int child = int.Parse((await File.ReadAllTextAsync(childFile)).Trim(), CultureInfo.InvariantCulture);

        _bench.Time.Advance(TimeSpan.FromSeconds(59));
        IsRunning(child).Should().BeTrue();
        failing.IsCompleted.Should().BeFalse();
        _bench.Time.Advance(TimeSpan.FromSeconds(1));

        (await failing).Message.Should().Contain("did not end within 60 seconds and was killed");
        await ConnectionBench.Eventually(() => !IsRunning(child));
    }

    [Fact]
    public async Task AMissingPluginIsNamedWithItsHint()
    {
        await using TestApiServer server = await StartAsync();
        string cluster = $"{{server: '{server.Url}'}}";
        using ApiConnection connection = _bench.Open(
            cluster, $"{{exec: {{apiVersion: {Version}, command: no-such-plugin, interactiveMode: Never, installHint: Ask the operators.}}}}");

        (await FailedAsync(connection)).Message.Should().Be("credential plugin no-such-plugin is not in PATH. Ask the operators.");
    }

    [Fact]
    public async Task AFileThatIsNoProgramIsNamedWithTheHint()
    {
        await using TestApiServer server = await StartAsync();
        string file = _bench.Write("plugin.txt", "text");
        using ApiConnection connection = _bench.Open(
            $"{{server: '{server.Url}'}}", $"{{exec: {{apiVersion: {Version}, command: {file}, interactiveMode: Never, installHint: Ask the operators.}}}}");

        (await FailedAsync(connection)).Message.Should().Be($"credential plugin {file} cannot be started: it is not executable. Ask the operators.");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _bench.Dispose();
    }

    /// <summary>Killed children stay as zombies until somebody waits for them.</summary>
    private static bool IsRunning(int process)
    {
        try
        {
            return !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task<HttpRequestException> FailedAsync(ApiConnection connection) =>
        (await FluentActions.Awaiting(() => GetAsync(connection)).Should().ThrowAsync<HttpRequestException>()).Which;

    private static async Task<HttpStatusCode> GetAsync(ApiConnection connection)
    {
        using HttpResponseMessage response = await connection.Client.GetAsync(new Uri("x", UriKind.Relative));
        return response.StatusCode;
    }

    private Task<TestApiServer> StartAsync(string refused = "nobody") => TestApiServer.StartAsync(_authority.Server("127.0.0.1"), context =>
    {
        context.Response.StatusCode = context.Request.Headers.Authorization == refused ? 401 : 200;
        return Task.CompletedTask;
    });

    private ApiConnection Open(TestApiServer server, string script)
    {
        _bench.Write("plugin.sh", script);
        return _bench.Open(
            $"{{server: '{server.Url}', certificate-authority-data: {ConnectionBench.Base64(_authority.Pem)}}}",
            $"{{exec: {{apiVersion: {Version}, command: sh, args: [{_bench.Folder}/plugin.sh], interactiveMode: Never}}}}");
    }
}

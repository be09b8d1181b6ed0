using KubeProxySharp.Kubernetes.Connection;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Configuration;

public sealed class KubeconfigTests : IDisposable
{
    private readonly ConnectionBench _bench = new();

    [Theory]
    [InlineData("a: [", "line 2: is not YAML or JSON")]
    [InlineData("token: *hunter2", "line 1: is not YAML or JSON")]
    [InlineData("[]", "is not a kubeconfig")]
    [InlineData("kind: Pod", "kind must be \"Config\"")]
    [InlineData("apiVersion: v2", "apiVersion must be \"v1\"")]
    [InlineData("kind: Config\n---\nkind: Config", "second document")]
    [InlineData("clusters: {}", "clusters is a mapping, not a list")]
    [InlineData("clusters: [{name: a}, {name: a}]", "clusters[1].name is the name of an earlier entry")]
    [InlineData("users: [{name: a, user: {password: 4711081500}}]", "users[0].user.password is a number or a boolean, not a text; write it in quotes")]
    [InlineData("users: [{name: a, user: {auth-provider: {name: gcp}}}]", "users[0].user.auth-provider")]
    [InlineData("users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}}}]", "must be client.authentication.k8s.io/v1 or")]
    [InlineData("users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: x}}}]", "no interactiveMode, which v1 requires")]
    [InlineData("users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Always}}}]", "a daemon has no terminal")]
    [InlineData("users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1}}}]", "has no command")]
    [InlineData("users: [{name: a, user: {exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: x, env: [{name: 'a=b'}]}}}]", "exec.env[0] has a name")]
    [InlineData("current-context: x\ncontexts: [{name: y}]", "current-context is \"x\", which contexts does not have; it has \"y\"")]
    [InlineData("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]", "contexts[name=x].context.cluster is \"c\", which clusters does not have; it has none")]
    [InlineData("", "current-context leads to no server")]
    [InlineData("clusters: [{name: c, cluster: {server: s}}]", "current-context leads to no server")]
    public void ABrokenFileIsNamedWithFieldAndRemedy(string content, string message)
    {
        string path = _bench.Write("kubeconfig", content);

        ConnectionException refused = FluentActions.Invoking(() => ApiConnection.FromKubeconfig(path, "", _bench.Settings))
            .Should().Throw<ConnectionException>().Which;

        refused.Subject.Should().Be(path);
        refused.Message.Should().Contain(message).And.NotContain("hunter2").And.NotContain("4711");
    }

    [Theory]
    [InlineData("{insecure-skip-tls-verify: true}", "{}", "clusters[name=c].cluster has no server")]
    [InlineData("{server: 'ftp://x'}", "{}", "clusters[name=c].cluster.server is not an address")]
    [InlineData("{server: 'https://me:hunter2@x'}", "{}", "holds a user or password")]
    [InlineData("{server: 'x/path'}", "{}", "has a path but no scheme")]
    [InlineData("{server: 'https://x', proxy-url: 'ftp://me:hunter2@x'}", "{}", "proxy-url is not an address of a proxy")]
    [InlineData("{server: 'https://x', certificate-authority: a, certificate-authority-data: b}", "{}", "both certificate-authority and")]
    [InlineData("{server: 'https://x', certificate-authority: a, insecure-skip-tls-verify: true}", "{}", "insecure-skip-tls-verify")]
    [InlineData("{server: 'https://x', certificate-authority: missing}", "{}", "/missing\", which does not exist")]
    [InlineData("{server: 'https://x', certificate-authority-data: '***'}", "{}", "certificate-authority-data is not base64")]
    [InlineData("{server: 'https://x', certificate-authority-data: eA==}", "{}", "holds no certificate")]
    [InlineData("{server: 'https://x'}", "{client-certificate: a}", "a client certificate but no key")]
    [InlineData("{server: 'https://x'}", "{client-key-data: aHVudGVyMg==}", "a client key but no certificate")]
    [InlineData("{server: 'https://x'}", "{client-certificate: a, client-certificate-data: b}", "both client-certificate and")]
    [InlineData("{server: 'https://x'}", "{client-certificate-data: aHVudGVyMg==, client-key-data: aHVudGVyMg==}", "is not a certificate in PEM with its private key")]
    [InlineData("{server: 'https://x'}", "{client-certificate-data: eA==, client-key-data: 'hunter2!'}", "client-key-data is not base64")]
    [InlineData("{server: 'https://x'}", "{token: hunter2, username: a}", "a token and a password")]
    [InlineData("{server: 'https://x'}", "{token: 'hunter2 x'}", "users[name=u].user.token holds a token with blanks")]
    [InlineData("{server: 'https://x'}", "{tokenFile: missing}", "users[name=u].user.tokenFile names")]
    [InlineData("{server: 'https://x'}", "{as-uid: x}", "but no user")]
    [InlineData("{server: 'https://x'}", "{as: x, as-groups: [a, b]}", "users[name=u].user.as-groups holds more than one value")]
    [InlineData("{server: 'https://x'}", "{as: \"x\\ny\"}", "control characters")]
    public void AContradictoryOrUnusableEntryIsNamedWithFieldAndRemedy(string cluster, string user, string message)
    {
        ConnectionException refused = FluentActions.Invoking(() => _bench.Open(cluster, user)).Should().Throw<ConnectionException>().Which;

        refused.Message.Should().StartWith(Path.Combine(_bench.Folder, "kubeconfig")).And.Contain(message);
        refused.ToString().Should().NotContain("hunter2").And.NotContain("aHVudGVyMg");
        _bench.Log.Text.Should().NotContain("hunter2");
    }

    [Fact]
    public void AMissingFileIsNamed()
    {
        FluentActions.Invoking(() => ApiConnection.FromKubeconfig(Path.Combine(_bench.Folder, "none"), "", _bench.Settings))
            .Should().Throw<ConnectionException>().WithMessage("*none*does not exist*");
    }

    [Fact]
    public void AFileWithoutEndIsNotReadToItsEnd()
    {
        FluentActions.Invoking(() => ApiConnection.FromKubeconfig("/dev/zero", "", _bench.Settings))
            .Should().Throw<ConnectionException>().WithMessage("*holds more than*");
    }

    [Theory]
    [InlineData("10.0.0.1:6443", "http://10.0.0.1:6443/")]
    [InlineData("https://[fd00::1]:6443/a/b?c=d#e", "https://[fd00::1]:6443/a/b/")]
    public void TheMasterOverridesTheServer(string master, string server)
    {
        using ApiConnection connection = ApiConnection.Open(
            _bench.Kubeconfig("{server: 'https://x', tls-server-name: y, future-field: 1}"), master, _bench.Settings);

        connection.Server.Should().Be(new Uri(server));
    }

    [Fact]
    public void TheMasterIsEnoughForAnEmptyFileAndForNone()
    {
        using ApiConnection empty = ApiConnection.Open(_bench.Write("kubeconfig", "apiVersion: v1\nkind: Config\n"), "https://m", _bench.Settings);
        using ApiConnection none = ApiConnection.Open("", "m:8080", _bench.Settings);

        empty.Server.Should().Be(new Uri("https://m/"));
        none.Server.Should().Be(new Uri("http://m:8080/"));
    }

    [Fact]
    public void TheContextMayNameANamespaceAndTheFileMayBeJson()
    {
        string path = _bench.Write("kubeconfig", """
            {"current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c", "namespace": "ns"}}],
             "clusters": [{"name": "c", "cluster": {"server": "https://x"}}]}
            """);

        using ApiConnection connection = ApiConnection.FromKubeconfig(path, "", _bench.Settings);

        connection.Namespace.Should().Be("ns");
    }

    public void Dispose() => _bench.Dispose();
}

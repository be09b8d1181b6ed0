using KubeProxySharp.Kubernetes.Connection;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Configuration;

public sealed class InClusterTests : IDisposable
{
    private readonly ConnectionBench _bench = new();
    private readonly TestAuthority _authority = TestAuthority.Create("cluster-ca");

    [Theory]
    [InlineData("10.96.0.1", "https://10.96.0.1:443/")]
    [InlineData("fd00::1", "https://[fd00::1]:443/")]
    [InlineData("api.internal", "https://api.internal:443/")]
    public void TheEnvironmentNamesTheServer(string host, string server)
    {
        Arrange(host, "443");

        using ApiConnection connection = ApiConnection.Open("", "", _bench.Settings);

        connection.Server.Should().Be(new Uri(server));
        connection.Namespace.Should().Be("default");
    }

    [Theory]
    [InlineData("", "443", "token", "ca.crt", "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not both set")]
    [InlineData("10.96.0.1", "", "token", "ca.crt", "are not both set")]
    [InlineData("10.96.0.1", "https", "token", "ca.crt", "KUBERNETES_SERVICE_PORT is \"https\", which is not a port")]
    [InlineData("10.96.0.1", "443", "other", "ca.crt", "service account token names")]
    [InlineData("10.96.0.1", "443", "token", "other", "service account ca.crt names")]
    public void WhatIsMissingIsNamed(string host, string port, string token, string authority, string message)
    {
        Arrange(host, port, token, authority);

        FluentActions.Invoking(() => ApiConnection.InCluster(_bench.Settings))
            .Should().Throw<ConnectionException>().WithMessage($"in-cluster configuration: *{message}*");
    }

    [Fact]
    public void AKubeconfigWithoutServerFallsBackToTheServiceAccount()
    {
        Arrange("10.96.0.1", "443");
        _bench.Variables["POD_NAMESPACE"] = "proxies";

        using ApiConnection connection = ApiConnection.Open(_bench.Write("kubeconfig", "kind: Config"), "", _bench.Settings);

        connection.Server.Should().Be(new Uri("https://10.96.0.1/"));
        connection.Namespace.Should().Be("proxies");
        _bench.Log.Text.Should().Contain("service account of this pod is used instead");
    }

    public void Dispose()
    {
        _authority.Dispose();
        _bench.Dispose();
    }

    private void Arrange(string host, string port, string token = "token", string authority = "ca.crt")
    {
        _bench.Variables["KUBERNETES_SERVICE_HOST"] = host;
        _bench.Variables["KUBERNETES_SERVICE_PORT"] = port;
        _bench.Write(token, "abc");
        _bench.Write(authority, _authority.Pem);
    }
}

using System.Text;
using k8s;
using k8s.KubeConfigModels;
using KubeProxySharp.Kubernetes.Connection.Configuration;

namespace KubeProxySharp.Kubernetes.Tests.Connection.Configuration;

/// <summary>What KubernetesClient reads in a kubeconfig, we read as well; and why it does not read ours.</summary>
public sealed class LibraryKubeconfigTests : IDisposable
{
    private const string Common = """
        apiVersion: v1
        kind: Config
        current-context: here
        contexts: [{name: here, context: {cluster: c, user: u, namespace: n} }, {name: there, context: {cluster: d, user: u} }]
        clusters:
        - {name: c, cluster: {server: "https://a:1", certificate-authority-data: YQ==, tls-server-name: b} }
        - {name: d, cluster: {server: "https://d:1", certificate-authority: /ca, insecure-skip-tls-verify: true} }
        users:
        - name: u
          user:
            client-certificate: /c
            client-key-data: aw==
            token: t
            as: me
            as-groups: [g]
            username: x
            password: y
            exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: /run, args: ["a b", c], env: [{name: A, value: B}], installHint: h, provideClusterInfo: true}
        """;

    private readonly ConnectionBench _bench = new();

    [Fact]
    public void WhatItReadsIsReadAlike()
    {
        Kubeconfig ours = KubeconfigReader.Read(_bench.Write("kubeconfig", Common));
        K8SConfiguration library = Load(Common);

        ours.CurrentContext.Should().Be(library.CurrentContext);
        ours.Contexts.Select(pair => (pair.Key, pair.Value.Cluster, pair.Value.User, pair.Value.Namespace)).Should()
            .Equal(library.Contexts.Select(entry => (entry.Name, entry.ContextDetails.Cluster, entry.ContextDetails.User, entry.ContextDetails.Namespace ?? "")));
        ours.Clusters.Select(pair => (pair.Key, Describe(pair.Value))).Should().Equal(library.Clusters.Select(entry => (entry.Name, Describe(entry.ClusterEndpoint))));
        UserEntry user = ours.Users["u"];
        k8s.KubeConfigModels.UserCredentials other = library.Users.Single().UserCredentials;
        (user.ClientCertificate, user.ClientKeyData.Reveal(), user.Token.Reveal(), user.UserName, user.Password.Reveal()).Should()
            .Be((other.ClientCertificate, other.ClientKeyData, other.Token, other.UserName, other.Password));
        user.Impersonation.User.Should().Be(other.Impersonate);
        user.Impersonation.Groups.Should().Equal(other.ImpersonateGroups);
        user.Plugin!.ApiVersion.Should().Be(other.ExternalExecution.ApiVersion);
        user.Plugin.Command.Should().Be(other.ExternalExecution.Command);
        user.Plugin.Arguments.Should().Equal(other.ExternalExecution.Arguments);
        user.Plugin.Variables.Select(variable => (variable.Key, variable.Value.Reveal())).Should()
            .Equal(other.ExternalExecution.EnvironmentVariables.Select(variable => (variable["name"], variable["value"])));
        user.Plugin.InstallHint.Should().Be(other.ExternalExecution.InstallHint);
        user.Plugin.ProvidesClusterInfo.Should().Be(other.ExternalExecution.ProvideClusterInfo);
    }

    /// <summary>The day that this fails, the library has learned one of them: see docs/decisions.md.</summary>
    [Fact]
    public void ItHasNoPlaceForWhatWeNeed()
    {
        typeof(ClusterEndpoint).GetProperties().Select(property => property.Name).Should().NotContain(name =>
            name.Contains("Proxy", StringComparison.Ordinal) || name.Contains("Compression", StringComparison.Ordinal) || name.Contains("Extension", StringComparison.Ordinal));
        typeof(k8s.KubeConfigModels.UserCredentials).GetProperties().Select(property => property.Name).Should().NotContain(name =>
            name.Contains("TokenFile", StringComparison.Ordinal) || name.Contains("Uid", StringComparison.Ordinal));
        typeof(ExternalExecution).GetProperties().Select(property => property.Name).Should().NotContain(name => name.Contains("Interactive", StringComparison.Ordinal));
        FluentActions.Invoking(() => Load("users: [{name: u, user: {as: me, as-user-extra: {k: [v]}}}]")).Should().Throw<YamlDotNet.Core.YamlException>();
    }

    public void Dispose() => _bench.Dispose();

    private static string Describe(ClusterEntry entry) =>
        $"{entry.Server} {entry.CertificateAuthority} {entry.CertificateAuthorityData} {entry.TlsServerName} {entry.InsecureSkipTlsVerify}";

    private static string Describe(ClusterEndpoint entry) =>
        $"{entry.Server} {entry.CertificateAuthority} {entry.CertificateAuthorityData} {entry.TlsServerName} {entry.SkipTlsVerify}";

    private static K8SConfiguration Load(string text)
    {
        using MemoryStream stream = new(Encoding.UTF8.GetBytes(text));
        return KubernetesClientConfiguration.LoadKubeConfig(stream);
    }
}

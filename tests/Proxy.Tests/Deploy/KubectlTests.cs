using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Deploy;

/// <summary>What kubectl, where it is installed, says of the manifests of deploy/.</summary>
public sealed class KubectlTests
{
    [SkippableTheory]
    [InlineData("deploy")]
    [InlineData("deploy/canary")]
    public void TheyCanBeApplied(string folder)
    {
        using DiscoveryServer server = new();

        // There is no schema to validate with: DeployTests looks at the fields, and the next test at their types.
        string output = Kubectl("", "--server", server.Address, "apply", "--dry-run=client", "--validate=false", "-k", RepositoryRoot.Combine(folder));

        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('-', '/')[0]).Should().Equal(
            "serviceaccount", "clusterrole.rbac.authorization.k8s.io", "clusterrolebinding.rbac.authorization.k8s.io", "configmap", "daemonset.apps");
        output.Should().NotContain("unchanged").And.NotContain("error");
    }

    /// <summary>kubectl reads what it changes into Kubernetes' own types.</summary>
    [SkippableFact]
    public void ValuesHaveTheTypesOfTheApi()
    {
        string manifest = File.ReadAllText(DeployFiles.PathOf("base", "daemonset.yaml"));

        SetImage(manifest).ExitCode.Should().Be(0);
        SetImage(manifest.Replace("containerPort: 10256", "containerPort: healthz", StringComparison.Ordinal)).Error.Should().Contain("containerPort", "kubectl looks at types");
    }

    /// <summary>As docs/replace-kube-proxy.md says, on the DaemonSet of kube-proxy.</summary>
    [SkippableFact]
    public void ThePatchKeepsKubeProxyAwayFromCanaries()
    {
        const string KubeProxy = """
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: kube-proxy, namespace: kube-system}
            spec:
              selector: {matchLabels: {k8s-app: kube-proxy}}
              template:
                metadata: {labels: {k8s-app: kube-proxy}}
                spec:
                  nodeSelector: {kubernetes.io/os: linux}
                  containers: [{name: kube-proxy, image: registry.k8s.io/kube-proxy:v1.36.2}]
            """;

        string patched = Kubectl(KubeProxy, "patch", "--local", "-f", "-", "--patch-file", DeployFiles.PathOf("leave-canaries.patch.yaml"), "-o", "yaml");

        patched.Should().Contain("key: kube-proxy-sharp").And.Contain("operator: NotIn").And.Contain("kubernetes.io/os: linux");
    }

    private static ChildProcess.Result SetImage(string manifest) => Try(manifest, "set", "image", "--local", "-f", "-", "*=registry.example.org/image:1", "-o", "name");

    private static string Kubectl(string input, params string[] arguments)
    {
        ChildProcess.Result result = Try(input, arguments);
        result.ExitCode.Should().Be(0, "{0}", result.Error);
        return result.Output;
    }

    /// <summary>Runs kubectl without the configuration and the cache of the user.</summary>
    private static ChildProcess.Result Try(string input, params string[] arguments)
    {
        Skip.IfNot(ChildProcess.Exists("kubectl"), "kubectl is not installed");
        DirectoryInfo home = Directory.CreateTempSubdirectory("kps-kubectl-");
        try
        {
            return ChildProcess.Try("env", input, [$"HOME={home.FullName}", $"KUBECACHEDIR={home.FullName}", "KUBECONFIG=/dev/null", "kubectl", .. arguments]);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }
}

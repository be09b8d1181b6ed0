using KubeProxySharp.Kubernetes.Client;

namespace KubeProxySharp.Kubernetes.Tests.Client;

/// <summary>The request lines that kube-proxy sends, as recorded (wire notes 4), without the redundant <c>timeout</c>.</summary>
public sealed class ApiResourceTests
{
    [Fact]
    public void FirstRequestsAreThoseOfKubeProxy()
    {
        string[] recorded =
        [
            .. File.ReadLines(Path.Combine(Testing.RepositoryRoot.Combine("tests", "Kubernetes.Tests", "recorded", "wire"), "kube-proxy-requests.txt"))
                .Where(line => line.StartsWith("GET ", StringComparison.Ordinal))
                .Select(line => string.Join('&', line[4..].Split('&').Where(part => !part.StartsWith("timeout", StringComparison.Ordinal)))),
        ];

        string[] ours =
        [
            ApiResources.Node("node-a").WatchPath("", true, 300, true),
            ApiResources.ServiceCidrs.WatchPath("", true, 300, true),
            ApiResources.EndpointSlices.WatchPath("", true, 300, true),
            ApiResources.Services.WatchPath("", true, 300, true),
        ];

        ours.Select(path => path.Replace("&timeoutSeconds=300", "")).Should().BeEquivalentTo(recorded);
    }

    [Fact]
    public void AListWithoutParametersHasNoQuery()
    {
        ApiResources.ServiceCidrs.ListPath("", 0, "", true).Should().Be("/apis/networking.k8s.io/v1/servicecidrs");
        ApiResources.ServiceCidrs.ListPath("7", 0, "", true).Should().Be("/apis/networking.k8s.io/v1/servicecidrs?resourceVersion=7");
    }
}

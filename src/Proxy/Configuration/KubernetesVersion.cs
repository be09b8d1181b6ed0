namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// The version that the program reports as kube-proxy: that of the kube-proxy whose behaviour it has, with the program
/// itself as build metadata, so that tools that compare the versions of a cluster's components see the former, people see both.
/// </summary>
internal static class KubernetesVersion
{
    /// <summary>The release whose behaviour the program has.</summary>
    private const string Reference = "v1.36.2";

    /// <summary>The whole version, such as <c>v1.36.2+kube-proxy-sharp.0.1.0</c>.</summary>
    public static string Text => $"{Reference}+kube-proxy-sharp.{BuildInformation.Version}";

    /// <summary>What <c>--version</c> prints.</summary>
    public static string Line(string version) => $"Kubernetes {version}";

    /// <summary>What <c>--version=raw</c> prints: kube-proxy's structure, with the fields that are known here.</summary>
    public static string Raw(string version) =>
        $"version.Info{{Major:\"{BuildInformation.KubernetesMajor}\", Minor:\"{BuildInformation.KubernetesMinor}\", GitVersion:\"{version}\", GitCommit:\"{BuildInformation.Commit}\", GitTreeState:\"\", BuildDate:\"\", GoVersion:\"\", Compiler:\"\", Platform:\"{BuildInformation.Platform}\"}}";
}

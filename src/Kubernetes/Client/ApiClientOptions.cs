namespace KubeProxySharp.Kubernetes.Client;

/// <summary>What every request says about the client.</summary>
public sealed record ApiClientOptions
{
    /// <summary>
    /// <c>Accept</c>; the default is what kube-proxy sends (wire notes 1.1). <c>acceptContentTypes</c> of the
    /// configuration, if it is set.
    /// </summary>
    public string Accept { get; init; } = "application/vnd.kubernetes.protobuf, */*";

    /// <summary><c>User-Agent</c>. It must not begin like a browser's or curl's: the server pretty-prints for those.</summary>
    public string UserAgent { get; init; } = "kube-proxy-sharp/0.1.0 (linux/amd64)";
}

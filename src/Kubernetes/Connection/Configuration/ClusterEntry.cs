using KubeProxySharp.Kubernetes.Connection.Credentials;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>A cluster of a kubeconfig, as it is written (wire notes 5.2). Empty means not given.</summary>
internal sealed record ClusterEntry
{
    public string Server { get; init; } = "";

    /// <summary>The file, made absolute.</summary>
    public string CertificateAuthority { get; init; } = "";

    /// <summary>The certificates, base64 of PEM.</summary>
    public string CertificateAuthorityData { get; init; } = "";

    public bool InsecureSkipTlsVerify { get; init; }

    public string TlsServerName { get; init; } = "";

    /// <summary>Secret because it may hold a password.</summary>
    public Secret ProxyUrl { get; init; } = new("");

    public bool DisableCompression { get; init; }

    /// <summary>What the extension for credential plugins holds, as JSON.</summary>
    public byte[]? PluginConfig { get; init; }
}

using KubeProxySharp.Kubernetes.Connection.Credentials;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>A user of a kubeconfig, as it is written (wire notes 5.2). Empty means not given.</summary>
internal sealed record UserEntry
{
    /// <summary>The file, made absolute.</summary>
    public string ClientCertificate { get; init; } = "";

    /// <summary>The certificate, base64 of PEM.</summary>
    public string ClientCertificateData { get; init; } = "";

    /// <summary>The file, made absolute.</summary>
    public string ClientKey { get; init; } = "";

    /// <summary>The key, base64 of PEM.</summary>
    public Secret ClientKeyData { get; init; } = new("");

    public Secret Token { get; init; } = new("");

    /// <summary>The file, made absolute.</summary>
    public string TokenFile { get; init; } = "";

    public string UserName { get; init; } = "";

    public Secret Password { get; init; } = new("");

    public PluginEntry? Plugin { get; init; }

    public Impersonation Impersonation { get; init; } = new();

    public bool HasCertificate => ClientCertificate.Length + ClientCertificateData.Length != 0;

    public bool HasKey => ClientKey.Length != 0 || !ClientKeyData.IsEmpty;

    public bool HasToken => TokenFile.Length != 0 || !Token.IsEmpty;

    public bool HasPassword => UserName.Length != 0 || !Password.IsEmpty;
}

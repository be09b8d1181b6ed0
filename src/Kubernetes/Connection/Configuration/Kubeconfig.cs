using KubeProxySharp.Kubernetes.Connection.Credentials;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>The content of a kubeconfig file.</summary>
/// <param name="Path">The file.</param>
/// <param name="CurrentContext">The context to use; empty if none.</param>
/// <param name="Clusters">Clusters by name.</param>
/// <param name="Users">Users by name.</param>
/// <param name="Contexts">Contexts by name.</param>
internal sealed record Kubeconfig(
    string Path,
    string CurrentContext,
    IReadOnlyDictionary<string, ClusterEntry> Clusters,
    IReadOnlyDictionary<string, UserEntry> Users,
    IReadOnlyDictionary<string, ContextEntry> Contexts)
{
    /// <summary>
    /// Merges files as client-go does for KUBECONFIG: of entries with one name the first counts, and the current context is that
    /// of the first file that has one. Paths in entries are absolute already, each from the directory of its own file.
    /// </summary>
    /// <param name="files">The files in their order; one at least.</param>
    public static Kubeconfig Merge(IReadOnlyList<Kubeconfig> files) => files.Count == 1 ? files[0] : new(
        string.Join(System.IO.Path.PathSeparator, files.Select(static file => file.Path)),
        files.Select(static file => file.CurrentContext).FirstOrDefault(static name => name.Length != 0, ""),
        Merge(files.Select(static file => file.Clusters)),
        Merge(files.Select(static file => file.Users)),
        Merge(files.Select(static file => file.Contexts)));

    private static Dictionary<string, T> Merge<T>(IEnumerable<IReadOnlyDictionary<string, T>> files)
    {
        Dictionary<string, T> merged = new(StringComparer.Ordinal);
        foreach ((string name, T entry) in files.SelectMany(static entries => entries))
        {
            merged.TryAdd(name, entry);
        }

        return merged;
    }
}

/// <summary>A context of a kubeconfig: a cluster, a user and a namespace.</summary>
internal sealed record ContextEntry(string Cluster, string User, string Namespace);

/// <summary>A cluster of a kubeconfig (wire notes 5.2). An empty string means that the field is not set.</summary>
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

    /// <summary>The extension for credential plugins, as JSON.</summary>
    public byte[]? PluginConfig { get; init; }
}

/// <summary>A user of a kubeconfig (wire notes 5.2). An empty string means that the field is not set.</summary>
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

/// <summary>A credential plugin, as a kubeconfig describes it (wire notes 5.5).</summary>
internal sealed record PluginEntry
{
    public required string ApiVersion { get; init; }

    /// <summary>The program: a plain name, or a path made absolute.</summary>
    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Variables added to the environment of this process. Secret because they may hold keys.</summary>
    public IReadOnlyList<KeyValuePair<string, Secret>> Variables { get; init; } = [];

    public bool ProvidesClusterInfo { get; init; }

    /// <summary>Shown when the program is not installed.</summary>
    public string InstallHint { get; init; } = "";
}

/// <summary>The user, uid, groups and extra fields that requests impersonate; empty if there is no impersonation.</summary>
internal sealed record Impersonation
{
    public string User { get; init; } = "";

    public string Uid { get; init; } = "";

    public IReadOnlyList<string> Groups { get; init; } = [];

    public IReadOnlyList<KeyValuePair<string, IReadOnlyList<string>>> Extra { get; init; } = [];

    public bool IsEmpty => User.Length + Uid.Length + Groups.Count + Extra.Count == 0;
}

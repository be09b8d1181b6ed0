using KubeProxySharp.Kubernetes.Connection.Credentials;

namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>A credential plugin, as a kubeconfig describes it (wire notes 5.5).</summary>
internal sealed record PluginEntry
{
    public required string ApiVersion { get; init; }

    /// <summary>The program: a plain name, or a path made absolute.</summary>
    public required string Command { get; init; }

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Variables added to our own environment. People put keys there.</summary>
    public IReadOnlyList<KeyValuePair<string, Secret>> Variables { get; init; } = [];

    public bool ProvidesClusterInfo { get; init; }

    /// <summary>What to tell someone who lacks the program.</summary>
    public string InstallHint { get; init; } = "";
}

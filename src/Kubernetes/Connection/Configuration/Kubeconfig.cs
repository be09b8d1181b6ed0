namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>A kubeconfig file as it is written.</summary>
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
    IReadOnlyDictionary<string, ContextEntry> Contexts);

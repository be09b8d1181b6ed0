namespace KubeProxySharp.Kubernetes.Connection.Configuration;

/// <summary>A context of a kubeconfig: which user goes to which cluster.</summary>
internal sealed record ContextEntry(string Cluster, string User, string Namespace);

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>Who writes Events (spec 12.6).</summary>
/// <param name="Controller">The reporting controller; <c>kube-proxy</c>, so that existing tools find the events.</param>
/// <param name="Instance">The reporting instance: <c>kube-proxy-</c> and the host's name.</param>
public sealed record EventReporter(string Controller, string Instance);

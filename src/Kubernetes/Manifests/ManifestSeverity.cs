namespace KubeProxySharp.Kubernetes.Manifests;

/// <summary>How bad a message about manifests is.</summary>
public enum ManifestSeverity : byte
{
    /// <summary>Worth knowing: something was skipped on purpose.</summary>
    Note,

    /// <summary>A value was ignored, as kube-proxy ignores it.</summary>
    Warning,

    /// <summary>The input is broken; nothing should be made from it.</summary>
    Error,
}

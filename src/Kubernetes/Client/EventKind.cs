namespace KubeProxySharp.Kubernetes.Client;

/// <summary><c>type</c> of an Event.</summary>
public enum EventKind
{
    /// <summary>Something ordinary.</summary>
    Normal,

    /// <summary>Something that someone should look at.</summary>
    Warning,
}

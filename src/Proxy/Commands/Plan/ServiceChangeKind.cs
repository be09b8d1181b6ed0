namespace KubeProxySharp.Proxy.Commands.Plan;

/// <summary>What a sync does to a service port.</summary>
internal enum ServiceChangeKind
{
    /// <summary>The node does not serve it yet.</summary>
    Added,

    /// <summary>It is served in another way.</summary>
    Changed,

    /// <summary>It is not served any more.</summary>
    Removed,
}

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>What the value of a map element is.</summary>
internal enum VerdictKind : byte
{
    /// <summary>An endpoint, in the maps with slots.</summary>
    Target,

    /// <summary>Go to a shared chain.</summary>
    Shared,

    /// <summary>Go to <c>service-</c> of the service port.</summary>
    Service,

    /// <summary>Go to <c>local-</c> of the service port.</summary>
    Local,

    /// <summary>Go to <c>external-</c> of the service port.</summary>
    External,

    /// <summary>Go to <c>firewall-</c> of the service port.</summary>
    Firewall,

    /// <summary>Refuse.</summary>
    Reject,

    /// <summary>Drop.</summary>
    Drop,
}

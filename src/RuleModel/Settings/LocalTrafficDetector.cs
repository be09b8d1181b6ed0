using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>Recognises traffic from this node's pods.</summary>
/// <param name="Kind">By which property of a packet.</param>
/// <param name="Prefix">The source prefix of <see cref="LocalTrafficKind.Prefix"/>.</param>
/// <param name="Interface">The interface name or its prefix; empty for the other kinds.</param>
public readonly record struct LocalTrafficDetector(LocalTrafficKind Kind, IpPrefix Prefix, string Interface)
{
    /// <summary>No detection.</summary>
    public static LocalTrafficDetector None { get; } = new(LocalTrafficKind.None, default, "");

    /// <summary>Whether pod traffic can be recognised.</summary>
    public bool IsPresent => Kind != LocalTrafficKind.None;

    /// <summary>Recognises pods by source prefix.</summary>
    public static LocalTrafficDetector ByPrefix(IpPrefix prefix) => new(LocalTrafficKind.Prefix, prefix, "");
}

/// <summary>How traffic from this node's pods is recognised (spec 7.1).</summary>
public enum LocalTrafficKind : byte
{
    /// <summary>It is not: pods are treated like clients from outside.</summary>
    None,

    /// <summary>By source address.</summary>
    Prefix,

    /// <summary>By input interface.</summary>
    Interface,

    /// <summary>By a prefix of the input interface's name.</summary>
    InterfacePrefix,
}

/// <summary><c>detectLocalMode</c> of the configuration (spec 7.2).</summary>
public enum DetectLocalMode : byte
{
    /// <summary>By the cluster's pod CIDR of the configuration. The default.</summary>
    ClusterCidr,

    /// <summary>By the pod CIDR of the Node object.</summary>
    NodeCidr,

    /// <summary>By the bridge that pods are attached to.</summary>
    BridgeInterface,

    /// <summary>By a prefix of the names of the pods' interfaces.</summary>
    InterfaceNamePrefix,
}

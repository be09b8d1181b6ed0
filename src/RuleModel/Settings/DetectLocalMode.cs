namespace KubeProxySharp.RuleModel.Settings;

/// <summary><c>detectLocalMode</c> of the configuration (spec 7.2).</summary>
public enum DetectLocalMode : byte
{
    /// <summary>By the cluster's pod CIDR of the configuration. The default.</summary>
    ClusterCidr,

    /// <summary>By the pod CIDR of the Node object.</summary>
    NodeCidr,

    /// <summary>By the bridge that pods hang on.</summary>
    BridgeInterface,

    /// <summary>By the beginning of the names of the pods' interfaces.</summary>
    InterfaceNamePrefix,
}

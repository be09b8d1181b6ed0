namespace KubeProxySharp.RuleModel.Settings;

/// <summary>How traffic from this node's pods is recognised (spec 7.1).</summary>
public enum LocalTrafficKind : byte
{
    /// <summary>It is not: pods are treated like clients from outside.</summary>
    None,

    /// <summary>By source address.</summary>
    Prefix,

    /// <summary>By input interface.</summary>
    Interface,

    /// <summary>By the beginning of the input interface's name.</summary>
    InterfacePrefix,
}

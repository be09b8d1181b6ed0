namespace KubeProxySharp.RuleModel.Selection;

/// <summary>How topology hints narrow the endpoints of the Cluster policy (spec 4.2).</summary>
public enum TopologyMode : byte
{
    /// <summary>Hints do not count: all ready endpoints are used.</summary>
    None,

    /// <summary>Only endpoints hinted for this node's zone.</summary>
    SameZone,

    /// <summary>Only endpoints hinted for this node.</summary>
    SameNode,
}

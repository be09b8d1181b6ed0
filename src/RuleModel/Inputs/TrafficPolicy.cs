namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>Which endpoints a kind of frontend may use.</summary>
public enum TrafficPolicy : byte
{
    /// <summary>All endpoints of the cluster.</summary>
    Cluster,

    /// <summary>Only endpoints on this node.</summary>
    Local,
}

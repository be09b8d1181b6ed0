namespace KubeProxySharp.RuleModel.Model;

/// <summary>What happens to a connection to a frontend (spec 4.5).</summary>
public enum FrontendVerdict : byte
{
    /// <summary>It is sent to an endpoint.</summary>
    Dnat,

    /// <summary>It is refused with an ICMP port-unreachable error: the service port has no endpoints.</summary>
    Reject,

    /// <summary>It is dropped: there are endpoints, but the Local policy leaves none on this node.</summary>
    Drop,
}

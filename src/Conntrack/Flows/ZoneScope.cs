namespace KubeProxySharp.Conntrack.Flows;

/// <summary>The directions of a flow that its zone tells apart (<c>--zone</c>, <c>--zone-orig</c>, <c>--zone-reply</c>).</summary>
public enum ZoneScope : byte
{
    /// <summary>Both directions: the usual zone.</summary>
    Both,

    /// <summary>The original direction; the reply direction is in zone 0.</summary>
    Original,

    /// <summary>The reply direction; the original direction is in zone 0.</summary>
    Reply,
}

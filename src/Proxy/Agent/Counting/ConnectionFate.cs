namespace KubeProxySharp.Proxy.Agent.Counting;

/// <summary>What happened to a new connection to a service port.</summary>
internal enum ConnectionFate : byte
{
    /// <summary>It was sent to an endpoint. The kernel counts each connection once: only its first packet passes the nat hooks.</summary>
    Sent,

    /// <summary>It was refused, because the service port has no endpoints. The kernel counts packets: a client may repeat its first packet.</summary>
    Refused,

    /// <summary>It was dropped, because the Local traffic policy leaves no endpoint on this node. The kernel counts packets.</summary>
    NoLocalEndpoints,

    /// <summary>It was dropped, because its source is in none of the load balancer's source ranges. The kernel counts packets.</summary>
    SourceRanges,
}

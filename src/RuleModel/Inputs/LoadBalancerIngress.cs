namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>An element of <c>status.loadBalancer.ingress</c> of a Service.</summary>
public sealed record LoadBalancerIngress
{
    /// <summary><c>ip</c>; empty for an entry that has only a host name.</summary>
    public string Ip { get; init; } = "";

    /// <summary><c>ipMode</c>: VIP, Proxy, or null, which means VIP.</summary>
    public string? IpMode { get; init; }
}

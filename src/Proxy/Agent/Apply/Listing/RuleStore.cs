namespace KubeProxySharp.Proxy.Agent.Apply.Listing;

/// <summary>Where the kernel keeps our rules, as its nftables subsystem sees them.</summary>
internal enum RuleStore
{
    /// <summary>In the table <c>kube-proxy</c> (spec 6.2).</summary>
    KubeProxyTable,

    /// <summary>In chains of the tables nat, filter and mangle, made by iptables-nft (spec 5.2).</summary>
    IptablesChains,
}

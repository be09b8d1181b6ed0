namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The tables that rules are counted in (spec 10.1).</summary>
internal enum IptablesTable
{
    /// <summary>Which traffic is let through.</summary>
    Filter,

    /// <summary>Where traffic goes.</summary>
    Nat,
}

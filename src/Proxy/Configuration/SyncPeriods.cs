namespace KubeProxySharp.Proxy.Configuration;

/// <summary>The sync periods of the configured mode (spec 11.4).</summary>
internal static class SyncPeriods
{
    public static (TimeSpan SyncPeriod, TimeSpan MinSyncPeriod) Of(KubeProxyConfiguration configuration) => configuration.Mode switch
    {
        ProxyMode.Nftables => (configuration.Nftables.SyncPeriod, configuration.Nftables.MinSyncPeriod),
        ProxyMode.Ipvs => (configuration.Ipvs.SyncPeriod, configuration.Ipvs.MinSyncPeriod),
        _ => (configuration.Iptables.SyncPeriod, configuration.Iptables.MinSyncPeriod),
    };
}

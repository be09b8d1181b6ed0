using KubeProxySharp.RuleModel.Addresses;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>What the appliers have to say besides their results. Ids 4000 to 4099.</summary>
internal static partial class ApplierLog
{
    [LoggerMessage(4000, LogLevel.Warning, "{Family}: the table could not be replaced in a way that keeps session affinity, so it is made anew: {Error}")]
    public static partial void AffinityLost(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4001, LogLevel.Warning, "{Family}: {Count} chains that are no longer needed could not be deleted; the next sync is full: {Error}")]
    public static partial void StaleChainsStay(this ILogger log, IpFamily family, int count, string error);

    [LoggerMessage(4002, LogLevel.Debug, "{Family}: {Count} chains that were no longer needed are deleted")]
    public static partial void StaleChainsDeleted(this ILogger log, IpFamily family, int count);

    [LoggerMessage(4003, LogLevel.Warning, "{Family}: the existing rules could not be listed, so nothing stale is removed this time: {Error}")]
    public static partial void NotListed(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4004, LogLevel.Information, "the nfacct counter {Counter} cannot be had, its rules are written without it: {Error}")]
    public static partial void CounterUnavailable(this ILogger log, string counter, string error);

    [LoggerMessage(4005, LogLevel.Information, "{Family}: inserted {Count} jump rules that were missing from built-in chains")]
    public static partial void JumpsInserted(this ILogger log, IpFamily family, int count);

    [LoggerMessage(4006, LogLevel.Debug, "{Family}: rules are tried without a network namespace, which only checks their form: {Error}")]
    public static partial void TriedByForm(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4007, LogLevel.Information, "{Family}: {Chains} chains differ from what was applied and {Jumps} jump rules are missing; writing the chains of {Services} Services and the shared chains (partial)")]
    public static partial void RepairedInPart(this ILogger log, IpFamily family, int chains, int jumps, int services);

    [LoggerMessage(4008, LogLevel.Information, "{Family}: {Chains} chains differ from what was applied, {Reason}; writing all rules (full)")]
    public static partial void NotRepairedInPart(this ILogger log, IpFamily family, int chains, string reason);

    [LoggerMessage(4010, LogLevel.Information, "{Family}: the shared chains first: {Outcome}; now comparing all chains with what is listed")]
    public static partial void SharedChainsWritten(this ILogger log, IpFamily family, string outcome);

    [LoggerMessage(4013, LogLevel.Information, "{Family}: the shared chains are written again; whether other chains were damaged is not known yet, because no listing ended within {Seconds} s while another program commits. It is looked at beside the syncs")]
    public static partial void NotCompared(this ILogger log, IpFamily family, double seconds);

    [LoggerMessage(4009, LogLevel.Warning, "{Family}: the chain KUBE-PROXY-CANARY of the table mangle cannot be made; only programs that look for it miss it: {Error}")]
    public static partial void NoCanary(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4011, LogLevel.Information, "Rules are written by netlink messages")]
    public static partial void WritesByNetlink(this ILogger log);

    [LoggerMessage(4016, LogLevel.Warning, "{Family}: counters of {Count} frontends that are gone could not be removed; where a frontend went to another Service, its connections are not counted until the next full sync: {Error}")]
    public static partial void StaleCountersStay(this ILogger log, IpFamily family, int count, string error);

    [LoggerMessage(4018, LogLevel.Warning, "{Family}: what an earlier agent's rules counted cannot be read, so its connections are among those of --service-counters: {Error}")]
    public static partial void EarlierCountsUnknown(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4017, LogLevel.Warning, "--service-counters has no effect, because the rules that count connections are refused (kernel 5.11 is needed): {Error}")]
    public static partial void CountersRefused(this ILogger log, string error);

    [LoggerMessage(4012, LogLevel.Warning, "{Family}: the kernel does not take rules as netlink messages, so the program nft writes them (--nftables-writer=nft): {Error}")]
    public static partial void NetlinkUnusable(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4014, LogLevel.Warning, "{Family}: --service-counters has no effect, because the nfacct objects that count connections cannot be made (CONFIG_NETFILTER_NETLINK_ACCT): {Error}")]
    public static partial void ConnectionsNotCounted(this ILogger log, IpFamily family, string error);

    [LoggerMessage(4015, LogLevel.Warning, "{Family}: --service-counters has no effect, because iptables takes the rules only without the match that counts connections (CONFIG_NETFILTER_XT_MATCH_NFACCT, libxt_nfacct): {Error}")]
    public static partial void CountingRulesRefused(this ILogger log, IpFamily family, string error);
}

using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.Renderers.Iptables.Rendering;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Iptables;

/// <summary>
/// The nfacct objects that rules refer to with <see cref="IptablesOptions.HasServiceCounters"/>. iptables refuses a rule whose object
/// does not exist.
/// </summary>
public static class ServiceCounters
{
    /// <summary>Whether some rule of a service port refers to its counter of a kind.</summary>
    public static bool Has(ServicePortRules port, CounterKind kind) => kind switch
    {
        CounterKind.SentToCluster => ChainTable.Has(port, ChainKind.Service),
        CounterKind.SentToLocal => ChainTable.Has(port, ChainKind.Local),
        CounterKind.SourceRangesOfCluster or CounterKind.SourceRangesOfLocal =>
            ChainTable.Has(port, ChainKind.Firewall) && kind == OfSourceRanges(port.Spec.ExternalPolicy),
        _ => Refuses(port.Internal, kind) || (port.Spec.IsExternallyAccessible && Refuses(port.External, kind)),
    };

    /// <summary>The counter of rules that refuse or drop what they match for want of endpoints.</summary>
    internal static CounterKind OfRefusal(FrontendPolicy policy) =>
        policy.Verdict == FrontendVerdict.Drop ? CounterKind.NoLocalEndpoints
        : policy.Policy == TrafficPolicy.Local ? CounterKind.RefusedOfLocal
        : CounterKind.RefusedOfCluster;

    /// <summary>The counter of rules that drop what no source range allows.</summary>
    internal static CounterKind OfSourceRanges(TrafficPolicy policy) =>
        policy == TrafficPolicy.Local ? CounterKind.SourceRangesOfLocal : CounterKind.SourceRangesOfCluster;

    private static bool Refuses(FrontendPolicy policy, CounterKind kind) => policy.Verdict != FrontendVerdict.Dnat && kind == OfRefusal(policy);
}

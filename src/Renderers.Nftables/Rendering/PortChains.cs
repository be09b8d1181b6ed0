using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The chains and sets that belong to one service port; only affinity and source ranges need any.</summary>
internal static class PortChains
{
    /// <summary>The name of a chain of a service port.</summary>
    public static string Name(VerdictKind kind, ServicePortName name)
    {
        string prefix = kind switch
        {
            VerdictKind.Service => "service-",
            VerdictKind.Local => "local-",
            VerdictKind.External => "external-",
            VerdictKind.Firewall => "firewall-",
            _ => throw new ArgumentOutOfRangeException(nameof(kind)),
        };
        return prefix + NftBaseName.Of(name);
    }

    /// <summary>Whether a service port has any chain or set of its own.</summary>
    public static bool Any(ServicePortRules? port) => port is not null && (port.HasFirewall || port.Spec.HasAffinity);

    /// <summary>Whether the firewall chain of both, if they have one, is the same.</summary>
    public static bool HasSameFirewall(ServicePortRules port, ServicePortRules? other) =>
        other is not null
        && port.HasFirewall == other.HasFirewall
        && port.Spec.SourceRanges == other.Spec.SourceRanges
        && port.NodeMayUseLoadBalancer == other.NodeMayUseLoadBalancer
        && (!port.NodeMayUseLoadBalancer || port.Spec.LoadBalancerIPs == other.Spec.LoadBalancerIPs);

    /// <summary>The names of all chains of a service port, those that others go to first.</summary>
    public static List<string> Chains(ServicePortRules? port)
    {
        if (port is null)
        {
            return [];
        }

        List<string> chains = AffinityChains(port);
        if (port.HasFirewall)
        {
            chains.Add(Name(VerdictKind.Firewall, port.Name));
        }

        return chains;
    }

    /// <summary>The names of the chains that affinity needs, those that others go to first.</summary>
    public static List<string> AffinityChains(ServicePortRules port)
    {
        List<string> chains = [];
        if (!port.Spec.HasAffinity)
        {
            return chains;
        }

        foreach (Endpoint endpoint in port.Endpoints.Reachable)
        {
            chains.Add("endpoint-" + NftBaseName.Of(port.Name, endpoint.Target));
        }

        if (!port.Endpoints.Cluster.IsEmpty)
        {
            chains.Add(Name(VerdictKind.Service, port.Name));
        }

        if (!port.Endpoints.Local.IsEmpty)
        {
            chains.Add(Name(VerdictKind.Local, port.Name));
        }

        if (port.ServesExternalTraffic)
        {
            chains.Add(Name(VerdictKind.External, port.Name));
        }

        return chains;
    }

    /// <summary>The names of the affinity sets of a service port.</summary>
    public static List<string> Sets(ServicePortRules? port)
    {
        List<string> sets = [];
        if (port is not null && port.Spec.HasAffinity)
        {
            foreach (Endpoint endpoint in port.Endpoints.Reachable)
            {
                sets.Add(NftNames.AffinityPrefix + NftBaseName.Of(port.Name, endpoint.Target));
            }
        }

        return sets;
    }
}

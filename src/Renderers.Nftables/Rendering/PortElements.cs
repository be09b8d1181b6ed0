using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>Defines the map elements of a service port.</summary>
internal static class PortElements
{
    /// <summary>Passes the elements that a service port has in one map to a sink, in a fixed order.</summary>
    /// <typeparam name="TSink">The type of the sink; a type parameter saves a closure or a list.</typeparam>
    public static void Visit<TSink>(ServicePortRules port, ElementMap map, ref TSink sink)
        where TSink : IElementSink, allows ref struct
    {
        for (int index = 0; index < port.FrontendCount; index++)
        {
            Frontend frontend = port.FrontendAt(index);
            if ((frontend.Kind == FrontendKind.NodePort) != map.IsByNodePort() || !port.Owns(frontend))
            {
                continue;
            }

            if (map == ElementMap.FirewallIPs)
            {
                if (frontend.Kind == FrontendKind.LoadBalancerIP && port.HasFirewall)
                {
                    sink.Take(port, Key(port, frontend, 0), MapValue.Of(VerdictKind.Firewall));
                }
            }
            else if (!port.IsRepeated(index))
            {
                VisitFrontend(port, map, frontend, ref sink);
            }
        }
    }

    private static void VisitFrontend<TSink>(ServicePortRules port, ElementMap map, Frontend frontend, ref TSink sink)
        where TSink : IElementSink, allows ref struct
    {
        switch (map)
        {
            case ElementMap.ServiceIPs or ElementMap.ServiceNodePorts:
                if (port.Forwards(frontend))
                {
                    sink.Take(port, Key(port, frontend, 0), Verdict(port, frontend));
                }

                break;
            case ElementMap.NoEndpointServices or ElementMap.NoEndpointNodePorts:
                FrontendVerdict verdict = port.PolicyOf(frontend).Verdict;
                if (verdict != FrontendVerdict.Dnat)
                {
                    VerdictKind kind = verdict == FrontendVerdict.Reject ? VerdictKind.Reject : VerdictKind.Drop;
                    sink.Take(port, Key(port, frontend, 0), MapValue.Of(kind));
                }

                break;
            default:
                VisitSlots(port, map, frontend, ref sink);
                break;
        }
    }

    private static void VisitSlots<TSink>(ServicePortRules port, ElementMap map, Frontend frontend, ref TSink sink)
        where TSink : IElementSink, allows ref struct
    {
        if (port.Spec.HasAffinity || !port.Forwards(frontend))
        {
            return;
        }

        EquatableArray<Endpoint> slots = Slots(port, map, frontend);
        for (int slot = 0; slot < slots.Length; slot++)
        {
            sink.Take(port, Key(port, frontend, slot), MapValue.To(slots[slot].Target));
        }
    }

    private static EquatableArray<Endpoint> Slots(ServicePortRules port, ElementMap map, Frontend frontend)
    {
        bool isLocalMap = map is ElementMap.LocalEndpoints or ElementMap.LocalNodePortEndpoints;
        TrafficPolicy policy = port.PolicyOf(frontend).Policy;
        if (!frontend.IsExternal)
        {
            // A cluster IP has one group only, and no need of the second map.
            return isLocalMap ? default : policy == TrafficPolicy.Local ? port.Endpoints.LocalSlots : port.Endpoints.ClusterSlots;
        }

        return !isLocalMap ? port.Endpoints.ClusterSlots : policy == TrafficPolicy.Local ? port.Endpoints.LocalSlots : default;
    }

    private static MapValue Verdict(ServicePortRules port, Frontend frontend)
    {
        if (!port.Spec.HasAffinity)
        {
            return MapValue.To(SharedChain.Of(FrontendShape.Of(port, frontend.Kind)));
        }

        return MapValue.Of(frontend.IsExternal ? VerdictKind.External
            : port.Spec.InternalPolicy == TrafficPolicy.Local ? VerdictKind.Local : VerdictKind.Service);
    }

    private static ElementKey Key(ServicePortRules port, Frontend frontend, int slot) =>
        new(frontend.Address, port.Name.Protocol, frontend.Port, slot);
}

using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>The filter table (spec 5.5.1 to 5.5.5).</content>
internal ref partial struct RuleWriter
{
    private void ExternalServicesRules()
    {
        foreach (ServicePortRules port in _ports)
        {
            if (port.External.Verdict != FrontendVerdict.Dnat)
            {
                RefuseExternal(port);
            }
        }
    }

    private void RefuseExternal(ServicePortRules port)
    {
        foreach (IpAddress address in port.Spec.ExternalIPs)
        {
            Refuse("KUBE-EXTERNAL-SERVICES"u8, port, address, port.External);
        }

        foreach (IpAddress address in port.Spec.LoadBalancerIPs)
        {
            Refuse("KUBE-EXTERNAL-SERVICES"u8, port, address, port.External);
        }

        if (port.Spec.NodePort == 0)
        {
            return;
        }

        // Every local address, whatever nodePortAddresses says: spec 16, quirk 4.
        Append("KUBE-EXTERNAL-SERVICES"u8);
        Protocol(port.Name.Protocol);
        RefusalComment(port.Name, port.External.Verdict);
        _text.Write(" -m addrtype --dst-type LOCAL"u8);
        DestinationPort(port.Name.Protocol, port.Spec.NodePort);
        ServiceCounter(port, ServiceCounters.OfRefusal(port.External));
        JumpToRefusal(port.External.Verdict);
    }

    private void HealthCheckRules()
    {
        foreach (ServicePortRules port in _ports)
        {
            if (port.Spec.HealthCheckNodePort == 0)
            {
                continue;
            }

            Append("KUBE-NODEPORTS"u8);
            Protocol(TransportProtocol.Tcp);
            Comment(default, port.Name, " health check node port"u8);
            DestinationPort(TransportProtocol.Tcp, port.Spec.HealthCheckNodePort);
            Jump("ACCEPT"u8);
        }
    }

    private void ProxyFirewallRules()
    {
        foreach (ServicePortRules port in _ports)
        {
            if (ChainTable.Has(port, ChainKind.Firewall))
            {
                DropUnlessAccepted(port);
            }
        }
    }

    private void DropUnlessAccepted(ServicePortRules port)
    {
        Span<byte> comment = stackalloc byte[32 + ChainName.MaxTextLength];
        ReadOnlySpan<byte> text = " traffic not accepted by "u8;
        text.CopyTo(comment);
        int length = text.Length + new ChainName(ChainKind.Firewall, ChainHash.Of(port.Name)).Format(comment[text.Length..]);
        foreach (IpAddress address in port.Spec.LoadBalancerIPs)
        {
            Append("KUBE-PROXY-FIREWALL"u8);
            Destination(address);
            Protocol(port.Name.Protocol);
            Comment(default, port.Name, comment[..length]);
            DestinationPort(port.Name.Protocol, port.Spec.Port);
            ServiceCounter(port, ServiceCounters.OfSourceRanges(port.Spec.ExternalPolicy));
            Jump("DROP"u8);
        }
    }

    private void RefusedClusterIPRules()
    {
        foreach (ServicePortRules port in _ports)
        {
            if (port.Internal.Verdict != FrontendVerdict.Dnat)
            {
                Refuse("KUBE-SERVICES"u8, port, port.Spec.ClusterIP, port.Internal);
            }
        }
    }

    private void Refuse(scoped ReadOnlySpan<byte> chain, ServicePortRules port, IpAddress address, FrontendPolicy policy)
    {
        Append(chain);
        Destination(address);
        Protocol(port.Name.Protocol);
        RefusalComment(port.Name, policy.Verdict);
        DestinationPort(port.Name.Protocol, port.Spec.Port);
        ServiceCounter(port, ServiceCounters.OfRefusal(policy));
        JumpToRefusal(policy.Verdict);
    }

    private void RefusalComment(ServicePortName name, FrontendVerdict verdict) =>
        Comment(default, name, verdict == FrontendVerdict.Reject ? " has no endpoints"u8 : " has no local endpoints"u8);

    private void JumpToRefusal(FrontendVerdict verdict)
    {
        if (verdict == FrontendVerdict.Reject)
        {
            JumpToReject();
        }
        else
        {
            Jump("DROP"u8);
        }
    }
}

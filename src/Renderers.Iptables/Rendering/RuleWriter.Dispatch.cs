using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Iptables.Rendering;

/// <content>The dispatch chains of the nat table: KUBE-SERVICES and KUBE-NODEPORTS (spec 5.5.1 to 5.5.4).</content>
internal ref partial struct RuleWriter
{
    private void ServicesRules()
    {
        foreach (ServicePortRules port in _ports)
        {
            if (port.Endpoints.HasEndpoints)
            {
                DispatchAddresses(port);
            }
        }

        NodePortTailRules();
    }

    private void DispatchAddresses(ServicePortRules port)
    {
        ChainHash hash = ChainHash.Of(port.Name);
        if (port.Internal.Verdict == FrontendVerdict.Dnat)
        {
            Dispatch(port, port.Spec.ClusterIP, " cluster IP"u8, new(PolicyChain(port.Internal.Policy), hash));
        }

        foreach (IpAddress address in port.Spec.ExternalIPs)
        {
            Dispatch(port, address, " external IP"u8, new(ChainKind.External, hash));
        }

        ChainKind balancerChain = port.HasFirewall ? ChainKind.Firewall : ChainKind.External;
        foreach (IpAddress address in port.Spec.LoadBalancerIPs)
        {
            Dispatch(port, address, " loadbalancer IP"u8, new(balancerChain, hash));
        }
    }

    private void Dispatch(ServicePortRules port, IpAddress address, scoped ReadOnlySpan<byte> what, ChainName target)
    {
        Append("KUBE-SERVICES"u8);
        Destination(address);
        Protocol(port.Name.Protocol);
        Comment(default, port.Name, what);
        DestinationPort(port.Name.Protocol, port.Spec.Port);
        Jump(target);
    }

    private void NodePortsRules()
    {
        foreach (ServicePortRules port in _ports)
        {
            if (port.Endpoints.HasEndpoints && port.Spec.NodePort != 0)
            {
                DispatchNodePort(port);
            }
        }
    }

    private void DispatchNodePort(ServicePortRules port)
    {
        ChainName target = new(ChainKind.External, ChainHash.Of(port.Name));
        if (WritesFirewall && _options.HasLocalhostCounter)
        {
            _text.Write("-A KUBE-NODEPORTS -d 127.0.0.0/8"u8);
            Protocol(port.Name.Protocol);
            Comment(default, port.Name, default);
            DestinationPort(port.Name.Protocol, port.Spec.NodePort);
            CounterMatch(IptablesOptions.LocalhostCounterName);
            Jump(target);
        }

        Append("KUBE-NODEPORTS"u8);
        Protocol(port.Name.Protocol);
        Comment(default, port.Name, default);
        DestinationPort(port.Name.Protocol, port.Spec.NodePort);
        Jump(target);
    }

    private static ChainKind PolicyChain(TrafficPolicy policy) => policy == TrafficPolicy.Local ? ChainKind.Local : ChainKind.Service;
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>What a flow dials, within one family.</summary>
/// <param name="Address">The destination; the default value for node ports.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="IsNodePort">Whether every address of the node that answers node ports is meant.</param>
internal readonly record struct FlowFrontend(IpAddress Address, ushort Port, TransportProtocol Protocol, bool IsNodePort)
{
    public static FlowFrontend Of(Frontend frontend, TransportProtocol protocol) =>
        new(frontend.Address, frontend.Port, protocol, frontend.Kind == FrontendKind.NodePort);
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>What a packet must have to be for a frontend. Two service ports with the same key are in each other's way.</summary>
/// <param name="Address">The destination; the default value for node ports.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="IsNodePort">Whether any address of the node is meant.</param>
internal readonly record struct FrontendKey(IpAddress Address, ushort Port, TransportProtocol Protocol, bool IsNodePort)
{
    public static FrontendKey Of(ServicePortRules port, Frontend frontend) =>
        new(frontend.Address, frontend.Port, port.Name.Protocol, frontend.Kind == FrontendKind.NodePort);
}

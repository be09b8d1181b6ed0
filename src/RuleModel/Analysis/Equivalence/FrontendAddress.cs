using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>A destination that rules treat in some way of their own.</summary>
/// <param name="Address">The address.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Port">The port.</param>
public readonly record struct FrontendAddress(IpAddress Address, TransportProtocol Protocol, ushort Port) : IComparable<FrontendAddress>
{
    /// <inheritdoc/>
    public int CompareTo(FrontendAddress other)
    {
        int byAddress = Address.CompareTo(other.Address);
        return byAddress != 0 ? byAddress : (Protocol, Port).CompareTo((other.Protocol, other.Port));
    }

    /// <summary><c>10.96.0.10:80/tcp</c>.</summary>
    public override string ToString() => $"{new EndpointAddress(Address, Port)}/{Protocol.ToUpperText().ToLowerInvariant()}";
}

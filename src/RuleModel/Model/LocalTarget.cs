using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>An endpoint on this node that traffic can reach: it may dial itself through its Service (hairpin).</summary>
/// <param name="Address">The endpoint.</param>
/// <param name="Protocol">The protocol.</param>
public readonly record struct LocalTarget(EndpointAddress Address, TransportProtocol Protocol) : IComparable<LocalTarget>
{
    /// <inheritdoc/>
    public int CompareTo(LocalTarget other)
    {
        int byAddress = Address.Address.CompareTo(other.Address.Address);
        return byAddress != 0 ? byAddress : (Address.Port, Protocol).CompareTo((other.Address.Port, other.Protocol));
    }
}

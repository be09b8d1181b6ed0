using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables;

/// <summary>An element of a counting set.</summary>
/// <param name="Set">The set, one of <see cref="Naming.CountingSets"/>.</param>
/// <param name="Key">Its key.</param>
public readonly record struct CountedElement(string Set, CountedKey Key);

/// <summary>The destination that clients connected to.</summary>
/// <param name="Address">The address: of a node port, that address of the node that was used.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Port">The port.</param>
public readonly record struct CountedKey(IpAddress Address, TransportProtocol Protocol, ushort Port);

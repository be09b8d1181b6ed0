using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The key of a map element.</summary>
/// <param name="Map">The map.</param>
/// <param name="Address">The destination; the default value in maps by node port.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Slot">The slot; 0 in maps without.</param>
internal readonly record struct MapKey(ElementMap Map, IpAddress Address, ushort Port, TransportProtocol Protocol, int Slot);

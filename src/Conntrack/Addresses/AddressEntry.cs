using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Addresses;

/// <summary>
/// One address of one interface, as the kernel tells entries apart: the same address may be on several interfaces, and with
/// several prefixes or peers on one.
/// </summary>
/// <param name="Interface">Number of the interface.</param>
/// <param name="Address">The node's own address (IFA_LOCAL, or IFA_ADDRESS where there is no other).</param>
/// <param name="Peer">The address at the other end of a point-to-point interface; else the own one.</param>
/// <param name="PrefixLength">Bits of the prefix.</param>
internal readonly record struct AddressEntry(uint Interface, IpAddress Address, IpAddress Peer, byte PrefixLength);

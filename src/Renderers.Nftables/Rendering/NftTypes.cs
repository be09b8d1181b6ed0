using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>What a key is made of, from the packet or by lot. Several are concatenated in the order of their bits.</summary>
[Flags]
internal enum KeyFields : byte
{
    None = 0,

    /// <summary><c>ip saddr</c>.</summary>
    SourceAddress = 1,

    /// <summary><c>ip daddr</c>.</summary>
    DestinationAddress = 2,

    /// <summary><c>meta l4proto</c>.</summary>
    Protocol = 4,

    /// <summary><c>th dport</c>.</summary>
    DestinationPort = 8,

    /// <summary><c>numgen random mod N</c>.</summary>
    Slot = 16,
}

/// <summary>The values of the fields of a key; those that it does not have count for nothing.</summary>
/// <param name="Address">The address: of the source, the destination, or both.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="Port">The destination port.</param>
/// <param name="Slot">The slot.</param>
internal readonly record struct ElementKey(IpAddress Address, TransportProtocol Protocol, ushort Port, int Slot);

/// <summary>What elements of a set or map have besides their key.</summary>
internal enum ElementData : byte
{
    /// <summary>Nothing: it is a set.</summary>
    None,

    /// <summary>A verdict.</summary>
    Verdict,

    /// <summary>An endpoint: address and port.</summary>
    Endpoint,
}

/// <summary>A set or map to be created.</summary>
internal readonly ref struct SetDeclaration
{
    public ObjectName Name { get; init; }

    public KeyFields Key { get; init; }

    public ElementData Data { get; init; }

    /// <summary>The protocol that ports of <see cref="ElementData.Endpoint"/> belong to.</summary>
    public TransportProtocol Protocol { get; init; }

    /// <summary>How long elements stay that rules add; 0 if rules add none and all others stay.</summary>
    public int TimeoutSeconds { get; init; }

    /// <summary>Whether rules add the elements, each with a counter.</summary>
    public bool HasCounters { get; init; }

    /// <summary>Whether rules add elements, not transactions.</summary>
    public bool IsFilledByRules => TimeoutSeconds != 0 || HasCounters;

    /// <summary>Empty for none.</summary>
    public ReadOnlySpan<byte> Comment { get; init; }
}

/// <summary>The types of base chains.</summary>
internal enum ChainType : byte
{
    Filter,
    Nat,
}

/// <summary>The hooks of base chains: enum nf_inet_hooks of linux/netfilter.h.</summary>
internal enum ChainHook : byte
{
    Prerouting = 0,
    Input = 1,
    Forward = 2,
    Output = 3,
    Postrouting = 4,
}

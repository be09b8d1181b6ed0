using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>An ipset with its entries (ipset(8)).</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">The type, such as <c>hash:ip,port</c>.</param>
/// <param name="Entries">The entries of a set of addresses and ports.</param>
/// <param name="Members">The names of the sets in a list:set.</param>
public sealed record IpSet(string Name, string Type, EquatableArray<IpSetEntry> Entries, EquatableArray<string> Members)
{
    /// <summary>The family of its addresses; null if it has none, or sets as members.</summary>
    public IpFamily? Family { get; init; }

    /// <summary>A digest of what decides whether a packet is in the set; the order of the entries does not count.</summary>
    public UInt128 Digest { get; init; }

    /// <summary>What of the set is not understood, such as an option; empty if it is understood as a whole.</summary>
    public string NotUnderstood { get; init; } = "";

    /// <summary>The type of a set of sets.</summary>
    public const string ListType = "list:set";

    /// <summary>The fields of the entries of a type; null for a type whose entries cannot be compared with what is known of a packet.</summary>
    public static IpSetField[]? FieldsOf(string type) => type switch
    {
        "hash:ip" or "hash:net" or "bitmap:ip" => [IpSetField.Address],
        "bitmap:port" => [IpSetField.Port],
        "hash:ip,port" or "hash:net,port" => [IpSetField.Address, IpSetField.Port],
        "hash:net,net" => [IpSetField.Address, IpSetField.Address],
        "hash:ip,port,ip" or "hash:ip,port,net" or "hash:net,port,net" => [IpSetField.Address, IpSetField.Port, IpSetField.Address],
        _ => null,
    };
}

/// <summary>A field of the entries of an ipset.</summary>
public enum IpSetField : byte
{
    /// <summary>An address or network.</summary>
    Address,

    /// <summary>A port, in hash types with its protocol.</summary>
    Port,
}

/// <summary>An entry of an ipset. Fields that the type does not have are null.</summary>
/// <param name="First">The first address or network.</param>
/// <param name="Protocol">The protocol of the port; null for any, in bitmap:port.</param>
/// <param name="Ports">The ports.</param>
/// <param name="Second">The second address or network.</param>
/// <param name="IsNoMatch">Whether it is an exception from a larger network (<c>nomatch</c>).</param>
public readonly record struct IpSetEntry(AddressRange? First, TransportProtocol? Protocol, PortRange? Ports, AddressRange? Second, bool IsNoMatch);

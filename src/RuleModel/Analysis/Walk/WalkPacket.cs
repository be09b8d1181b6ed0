using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>The first packet of a new connection. The source may be a whole range: the walk splits it where rules do.</summary>
/// <param name="Source">The source addresses.</param>
/// <param name="Destination">The destination.</param>
/// <param name="Protocol">The protocol.</param>
/// <param name="DestinationPort">The destination port.</param>
public sealed record WalkPacket(AddressRange Source, IpAddress Destination, TransportProtocol Protocol, ushort DestinationPort)
{
    /// <summary>Stands for an input interface that is not known: rules that ask for one may match.</summary>
    public const string UnknownInterface = "?";

    /// <summary>The source port.</summary>
    public ushort SourcePort { get; init; } = 40000;

    /// <summary>Whether the source port is not known: rules that ask for one may match.</summary>
    public bool IsSourcePortOpen { get; init; }

    /// <summary>The interface it came in by; null for a packet that the node itself makes.</summary>
    public string? InputInterface { get; init; }

    /// <summary>The mark it has from the beginning.</summary>
    public uint Mark { get; init; }

    /// <summary>The interface it leaves by in the end, which is up to routing; null if that is not known.</summary>
    public string? OutputInterface { get; init; }

    /// <summary>What conntrack knows of it: <see cref="ConnectionStates.New"/> for the first packet of a connection.</summary>
    public ConnectionStates State { get; init; } = ConnectionStates.New;

    /// <summary>The lists and sets that know its client.</summary>
    public EquatableArray<string> KnownTo { get; init; }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The packet that is asked about.</summary>
internal sealed record PacketQuestion
{
    public required IpAddress Source { get; init; }

    /// <summary>The owner of the source, such as <c>pod shop/client</c>; empty when only the address is known.</summary>
    public string SourceDescription { get; init; } = "";

    /// <summary>Whether a pod of this node sends it, so that answers to it come through this node.</summary>
    public bool IsFromPodHere { get; init; }

    public required IpAddress Destination { get; init; }

    /// <summary>The destination port.</summary>
    public required ushort Port { get; init; }

    public TransportProtocol Protocol { get; init; } = TransportProtocol.Tcp;

    public ushort SourcePort { get; init; }

    /// <summary>Whether the source port was not given, so that <see cref="SourcePort"/> only stands for one.</summary>
    public bool IsSourcePortOpen { get; init; }

    /// <summary>The mark at the beginning.</summary>
    public uint Mark { get; init; }

    /// <summary>The input interface; null for a packet that the node makes.</summary>
    public string? Interface { get; init; }

    public string? OutputInterface { get; init; }

    /// <summary>What was assumed.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    public IpFamily Family => Destination.Family;

    /// <summary>Whether the node makes it.</summary>
    public bool IsFromNode => Interface is null;

    /// <summary>The protocol as rules write it.</summary>
    public string ProtocolText => Protocol.ToUpperText().ToLowerInvariant();

    /// <summary>The destination as it was dialled.</summary>
    public EndpointAddress Dialled => new(Destination, Port);

    /// <summary>The source with who it is.</summary>
    public string From => SourceDescription.Length == 0 ? Source.ToString() : $"{SourceDescription} {Source}";

    /// <summary>The destination with protocol.</summary>
    public string To => $"{Dialled}/{ProtocolText}";

    public WalkPacket ToPacket() => new(AddressRange.Of(Source), Destination, Protocol, Port)
    {
        SourcePort = SourcePort,
        IsSourcePortOpen = IsSourcePortOpen,
        InputInterface = Interface,
        OutputInterface = OutputInterface,
        Mark = Mark,
    };
}

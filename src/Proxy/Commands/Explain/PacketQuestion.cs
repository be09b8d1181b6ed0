using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The packet that is asked about.</summary>
internal sealed record PacketQuestion
{
    /// <summary>The source address.</summary>
    public required IpAddress Source { get; init; }

    /// <summary>Who that is, in words, such as <c>pod shop/client</c>; empty when only the address is known.</summary>
    public string SourceWords { get; init; } = "";

    /// <summary>Whether a pod of this node sends it, so that answers to it come through this node.</summary>
    public bool IsFromPodHere { get; init; }

    /// <summary>The destination address.</summary>
    public required IpAddress Destination { get; init; }

    /// <summary>The destination port.</summary>
    public required ushort Port { get; init; }

    /// <summary>The protocol.</summary>
    public TransportProtocol Protocol { get; init; } = TransportProtocol.Tcp;

    /// <summary>The source port.</summary>
    public ushort SourcePort { get; init; }

    /// <summary>The mark at the beginning.</summary>
    public uint Mark { get; init; }

    /// <summary>The input interface; null for a packet that the node makes.</summary>
    public string? Interface { get; init; }

    /// <summary>The output interface.</summary>
    public string? OutputInterface { get; init; }

    /// <summary>What was taken for granted.</summary>
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>The family.</summary>
    public IpFamily Family => Destination.Family;

    /// <summary>Whether the node makes it.</summary>
    public bool IsFromNode => Interface is null;

    /// <summary>The protocol as rules write it.</summary>
    public string ProtocolText => Protocol.ToUpperText().ToLowerInvariant();

    /// <summary>The destination as it was dialled.</summary>
    public EndpointAddress Dialled => new(Destination, Port);

    /// <summary>The source with who it is.</summary>
    public string From => SourceWords.Length == 0 ? Source.ToString() : $"{SourceWords} {Source}";

    /// <summary>The destination with protocol.</summary>
    public string To => $"{Dialled}/{ProtocolText}";

    /// <summary>The packet for a walk.</summary>
    public WalkPacket ToPacket() => new(AddressRange.Of(Source), Destination, Protocol, Port)
    {
        SourcePort = SourcePort,
        InputInterface = Interface,
        OutputInterface = OutputInterface,
        Mark = Mark,
    };
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.RuleModel.Walk;

/// <summary>A packet on its way, with what has happened to it.</summary>
internal sealed record WalkState
{
    public required AddressRange Source { get; init; }

    public required IpAddress Destination { get; init; }

    public required TransportProtocol Protocol { get; init; }

    public required ushort SourcePort { get; init; }

    public required ushort DestinationPort { get; init; }

    /// <summary>The input interface; empty for a packet that the node makes, as the kernel has it.</summary>
    public string InputInterface { get; init; } = "";

    /// <summary>The output interface, where there is one.</summary>
    public string OutputInterface { get; init; } = WalkPacket.UnknownInterface;

    public uint Mark { get; init; }

    public double Probability { get; init; } = 1;

    public EndpointAddress? Target { get; init; }

    public bool IsMasqueraded { get; init; }

    public int AffinitySeconds { get; init; }

    public bool IsUncertain { get; init; }

    public string RejectWith { get; init; } = "";

    /// <summary>The way so far, the last step first.</summary>
    public TraceLink? Trace { get; init; }

    public ConnectionStates States => ConnectionStates.New | (Target is null ? ConnectionStates.None : ConnectionStates.Dnat);

    /// <summary>A step of the way and the one before.</summary>
    internal sealed record TraceLink(WalkTraceEntry Entry, TraceLink? Before);
}

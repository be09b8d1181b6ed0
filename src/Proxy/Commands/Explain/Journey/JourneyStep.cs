using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Explain.Journey;

/// <summary>A step of a packet's way over the nodes.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="Node">The node where it happens; empty when it has no name.</param>
/// <param name="Text">The same in words.</param>
internal sealed record JourneyStep(JourneyStepKind Kind, string Node, string Text)
{
    /// <summary>Whether it is a step of the answer on its way back, not of the packet that was asked about.</summary>
    public bool IsOfAnswer { get; init; }

    /// <summary>The interface; null if there is none, or it is not known.</summary>
    public string? Interface { get; init; }

    /// <summary>The gateway; null if there is none, or it is not known.</summary>
    public IpAddress? Gateway { get; init; }

    /// <summary>The kind of tunnel; empty for none.</summary>
    public string Tunnel { get; init; } = "";

    /// <summary>The source of the outer packet of a tunnel; null if there is none, or it is not known.</summary>
    public IpAddress? OuterSource { get; init; }

    /// <summary>The destination of the outer packet.</summary>
    public IpAddress? OuterDestination { get; init; }
}

/// <summary>What happens in a step.</summary>
internal enum JourneyStepKind : byte
{
    /// <summary>The packet comes in to a node.</summary>
    Arrives,

    /// <summary>It leaves a node.</summary>
    Leaves,

    /// <summary>A pod or the node gets it.</summary>
    Delivered,

    /// <summary>It ends before.</summary>
    Stopped,

    /// <summary>The answer leaves a node.</summary>
    Reply,

    /// <summary>Something is likely wrong.</summary>
    Fault,

    /// <summary>What is missing to say more.</summary>
    Unknown,
}

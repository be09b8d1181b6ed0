using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Analysis.Routes;

/// <summary>A packet that a route is looked up for.</summary>
/// <param name="Destination">Where it goes.</param>
/// <param name="Source">Where it comes from; null if it has no source yet, or one that is not known.</param>
/// <param name="InputInterface">The interface that it came in by; null for a packet that the node makes.</param>
public readonly record struct RouteQuery(IpAddress Destination, IpAddress? Source, string? InputInterface)
{
    /// <summary>Whether it came in by an interface that is not known.</summary>
    public bool IsInputOpen { get; init; }

    /// <summary>The mark.</summary>
    public uint Mark { get; init; }

    /// <summary>The bits of the mark that are known.</summary>
    public uint KnownMark { get; init; }

    /// <summary>The protocol.</summary>
    public TransportProtocol Protocol { get; init; }

    /// <summary>The source port; null if it is not known.</summary>
    public ushort? SourcePort { get; init; }

    /// <summary>The destination port; null if it is not known.</summary>
    public ushort? DestinationPort { get; init; }
}

/// <summary>What a lookup found.</summary>
/// <param name="Kind">What becomes of the packet.</param>
/// <param name="Route">The route; null if there is none, or it is not decided.</param>
/// <param name="Open">What it depends on, when it is not decided; empty otherwise.</param>
public sealed record RouteDecision(RouteDecisionKind Kind, Route? Route, string Open = "")
{
    /// <summary>The interface that it leaves by; null if there is none, or it is not the only one.</summary>
    public string? Interface => Kind == RouteDecisionKind.Sent && Route is { Hops: [{ Interface.Length: > 0 } first, ..] hops } && hops.All(hop => hop.Interface == first.Interface) ? first.Interface : null;

    /// <summary>The gateway; null if the destination is a neighbour, and for several gateways.</summary>
    public IpAddress? Gateway => Kind == RouteDecisionKind.Sent && Route is { Hops: [var only] } ? only.Gateway : null;

    /// <summary>Whether another lookup ends in the same way, by whichever route.</summary>
    public bool IsLike(RouteDecision other) => Kind == other.Kind && (Kind is not RouteDecisionKind.Sent and not RouteDecisionKind.Refused || Route == other.Route || (Route is { } one && other.Route is { } two && one.Kind == two.Kind && one.Hops.SequenceEqual(two.Hops) && one.PreferredSource == two.PreferredSource));
}

/// <summary>What becomes of a packet by its route.</summary>
public enum RouteDecisionKind : byte
{
    /// <summary>It leaves by an interface.</summary>
    Sent,

    /// <summary>It is delivered on this node.</summary>
    Local,

    /// <summary>A route or rule says that it is not sent.</summary>
    Refused,

    /// <summary>There is no route: the sender gets an error.</summary>
    NoRoute,

    /// <summary>It depends on something that is not known.</summary>
    Open,
}

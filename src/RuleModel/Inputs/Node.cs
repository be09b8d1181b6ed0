using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>A <c>v1</c> Node with the fields that a service proxy reads.</summary>
public sealed record Node
{
    /// <summary><c>metadata.name</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The label <see cref="WellKnownLabels.Zone"/>; empty if missing.</summary>
    public string Zone { get; init; } = "";

    /// <summary><c>spec.podCIDRs</c>, or the single <c>spec.podCIDR</c>.</summary>
    public EquatableArray<string> PodCidrs { get; init; }

    /// <summary><c>status.addresses</c>.</summary>
    public EquatableArray<NodeAddress> Addresses { get; init; }

    /// <summary>
    /// Whether the Node is going away: it has a deletion time, or the autoscaler's taint
    /// <c>ToBeDeletedByClusterAutoscaler</c>. Load balancers should then send it no new traffic (spec 9.1).
    /// </summary>
    public bool IsLeaving { get; init; }
}

/// <summary>An element of <c>status.addresses</c> of a Node.</summary>
/// <param name="Type"><c>type</c>: InternalIP, ExternalIP, Hostname, InternalDNS, ExternalDNS.</param>
/// <param name="Address"><c>address</c>.</param>
public sealed record NodeAddress(string Type, string Address);

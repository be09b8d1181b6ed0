using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>
/// The endpoints of a service port and the groups that traffic is spread over (spec 4.1). Every list is in the order of
/// <see cref="Addresses.EndpointAddress.CompareText"/>; groups with the same content share their storage.
/// </summary>
public sealed record EndpointSelection
{
    /// <summary>The selection of a port without any endpoint.</summary>
    public static EndpointSelection Empty { get; } = new();

    /// <summary>Every endpoint of the port, usable or not.</summary>
    public EquatableArray<Endpoint> All { get; init; }

    /// <summary>The group of the Cluster policy.</summary>
    public EquatableArray<Endpoint> Cluster { get; init; }

    /// <summary>The group of the Local policy.</summary>
    public EquatableArray<Endpoint> Local { get; init; }

    /// <summary>The union of the groups: every endpoint that some packet can reach.</summary>
    public EquatableArray<Endpoint> Reachable { get; init; }

    /// <summary>
    /// The Cluster group by slot: the numbers 0 to n-1 that a back end may give its endpoints. An endpoint keeps its slot
    /// for as long as it can, so that a change of one endpoint moves at most one other.
    /// </summary>
    public EquatableArray<Endpoint> ClusterSlots { get; init; }

    /// <summary>The Local group by slot.</summary>
    public EquatableArray<Endpoint> LocalSlots { get; init; }

    /// <summary>Whether the port counts as having endpoints anywhere; decides between reject and drop.</summary>
    public bool HasEndpoints { get; init; }

    /// <summary>How hints narrowed the Cluster group.</summary>
    public TopologyMode Topology { get; init; }
}

/// <summary>How topology hints narrow the endpoints of the Cluster policy (spec 4.2).</summary>
public enum TopologyMode : byte
{
    /// <summary>Hints do not count: all ready endpoints are used.</summary>
    None,

    /// <summary>Only endpoints hinted for this node's zone.</summary>
    SameZone,

    /// <summary>Only endpoints hinted for this node.</summary>
    SameNode,
}

using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Where everything that the agent learns arrives: from an API server or from manifests.</summary>
/// <param name="changed">Called when there may be something to sync.</param>
/// <param name="serviceNoted">Called for each report on a Service, with the number of Services that wait.</param>
/// <param name="sliceNoted">Called for each report on an EndpointSlice.</param>
internal sealed class ClusterFeed(Action changed, Action<int> serviceNoted, Action sliceNoted)
{
    /// <summary>
    /// Held by who reports objects that belong together and by who takes what waits, so that they are taken together: a
    /// Service without its EndpointSlices would refuse connections for a moment.
    /// </summary>
    public Lock BatchLock { get; } = new();

    /// <summary>Services.</summary>
    public PendingObjects<Service> Services { get; } = new(static service => service.Name, serviceNoted, changed);

    /// <summary>EndpointSlices.</summary>
    public PendingObjects<EndpointSlice> EndpointSlices { get; } = new(static slice => slice.Name, _ => sliceNoted(), changed);

    /// <summary>The Node that the agent runs on; others are ignored.</summary>
    public PendingObjects<Node> Nodes { get; } = new(static node => new("", node.Name), static _ => { }, changed);

    /// <summary>ServiceCIDRs. Servers before 1.33 have none, so nothing waits for them.</summary>
    public PendingObjects<ServiceCidr> ServiceCidrs { get; } = new(static cidr => new("", cidr.Name), static _ => { }, changed);

    /// <summary>Whether enough is known to write rules: not before, or a restart would take rules away (spec 12.2).</summary>
    public bool IsListed => Services.IsListed && EndpointSlices.IsListed && Nodes.IsListed;
}

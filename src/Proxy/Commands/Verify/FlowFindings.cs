using KubeProxySharp.Conntrack.Stale;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>What is to be said of flows.</summary>
internal sealed class FlowFindings
{
    /// <summary>Flows in the table, of whatever kind.</summary>
    public long Seen { get; set; }

    /// <summary>Flows to frontends of Services.</summary>
    public long OfServices { get; set; }

    /// <summary>Flows to frontends of Services that nobody answered yet.</summary>
    public long Unreplied { get; set; }

    /// <summary>Stale flows by what is wrong with them; those of deleted Services are <see cref="FlowVerdict.ServiceGone"/>.</summary>
    public SortedDictionary<FlowVerdict, long> StaleByReason { get; } = [];

    /// <summary>Stale flows, the first of them.</summary>
    public List<StaleFlow> Stale { get; } = [];

    /// <summary>Service ports with flows, ordered by number of flows, the most first.</summary>
    public List<ServiceFlows> Services { get; } = [];

    /// <summary>Number of findings.</summary>
    public long Findings => StaleByReason.Values.Sum() + Services.Count(service => service.IsUneven);
}

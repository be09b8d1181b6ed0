using System.Runtime.InteropServices;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>Chooses the endpoint groups of a service port: policies, topology, terminating fall-back (spec 4.1, 4.2).</summary>
internal static class EndpointSelector
{
    /// <summary>Selects from the merged endpoints of a port.</summary>
    /// <param name="merged">All endpoints of the port, in the order of rules.</param>
    /// <param name="spec">The port.</param>
    /// <param name="nodeName">This node.</param>
    /// <param name="zone">This node's zone; empty if it has none.</param>
    public static EndpointSelection Select(List<MergedEndpoint> merged, ServicePortSpec spec, string nodeName, string zone)
    {
        if (merged.Count == 0)
        {
            return EndpointSelection.Empty;
        }

        ReadOnlySpan<MergedEndpoint> endpoints = CollectionsMarshal.AsSpan(merged);
        Endpoint[] everything = new Endpoint[endpoints.Length];
        for (int index = 0; index < everything.Length; index++)
        {
            everything[index] = endpoints[index].Endpoint;
        }

        EquatableArray<Endpoint> all = EquatableArray.Adopt(everything);
        EquatableArray<Endpoint> cluster = default;
        EquatableArray<Endpoint> local = default;
        TopologyMode topology = TopologyMode.None;
        bool hasEndpoints = false;
        if (spec.UsesClusterEndpoints)
        {
            topology = FindTopology(endpoints, nodeName, zone);
            cluster = SelectCluster(endpoints, all, topology, nodeName, zone);
            hasEndpoints = !cluster.IsEmpty;
        }

        if (spec.UsesLocalEndpoints)
        {
            local = SelectLocal(all, cluster);
            hasEndpoints |= HasUsable(all);
        }

        return new EndpointSelection
        {
            All = all,
            Cluster = cluster,
            Local = local,
            ClusterSlots = cluster,
            LocalSlots = local,
            Reachable = Union(cluster, local),
            HasEndpoints = hasEndpoints,
            Topology = topology,
        };
    }

    private static TopologyMode FindTopology(ReadOnlySpan<MergedEndpoint> endpoints, string nodeName, string zone)
    {
        bool anyReady = false;
        bool allNodeHinted = true;
        bool allZoneHinted = true;
        bool hintedHere = false;
        bool hintedZone = false;
        foreach (ref readonly MergedEndpoint endpoint in endpoints)
        {
            if (!endpoint.Endpoint.IsReady)
            {
                continue;
            }

            anyReady = true;
            allNodeHinted &= !endpoint.NodeHints.IsEmpty;
            allZoneHinted &= !endpoint.ZoneHints.IsEmpty;
            hintedHere |= IsHinted(endpoint.NodeHints, nodeName);
            hintedZone |= IsHinted(endpoint.ZoneHints, zone);
        }

        return !anyReady ? TopologyMode.None
            : allNodeHinted && hintedHere ? TopologyMode.SameNode
            : allZoneHinted && hintedZone ? TopologyMode.SameZone
            : TopologyMode.None;
    }

    private static bool IsHinted(EquatableArray<string> hints, string name) => name.Length != 0 && hints.AsSpan().Contains(name);

    private static EquatableArray<Endpoint> SelectCluster(
        ReadOnlySpan<MergedEndpoint> endpoints,
        EquatableArray<Endpoint> all,
        TopologyMode topology,
        string nodeName,
        string zone)
    {
        List<Endpoint> ready = new(endpoints.Length);
        foreach (ref readonly MergedEndpoint endpoint in endpoints)
        {
            bool isWanted = topology switch
            {
                TopologyMode.SameNode => IsHinted(endpoint.NodeHints, nodeName),
                TopologyMode.SameZone => IsHinted(endpoint.ZoneHints, zone),
                _ => true,
            };
            if (endpoint.Endpoint.IsReady && isWanted)
            {
                ready.Add(endpoint.Endpoint);
            }
        }

        return ready.Count != 0 ? ShareOrCreate(ready, all) : Filter(all, all, static endpoint => endpoint.IsFallback);
    }

    private static EquatableArray<Endpoint> SelectLocal(EquatableArray<Endpoint> all, EquatableArray<Endpoint> cluster)
    {
        EquatableArray<Endpoint> ready = Filter(all, cluster, static endpoint => endpoint.IsLocal && endpoint.IsReady);
        return !ready.IsEmpty ? ready : Filter(all, cluster, static endpoint => endpoint.IsLocal && endpoint.IsFallback);
    }

    private static bool HasUsable(EquatableArray<Endpoint> all)
    {
        foreach (Endpoint endpoint in all)
        {
            if (endpoint.IsReady || endpoint.IsFallback)
            {
                return true;
            }
        }

        return false;
    }

    private static EquatableArray<Endpoint> Filter(EquatableArray<Endpoint> all, EquatableArray<Endpoint> shareWith, Predicate<Endpoint> isWanted)
    {
        List<Endpoint> kept = [];
        foreach (Endpoint endpoint in all)
        {
            if (isWanted(endpoint))
            {
                kept.Add(endpoint);
            }
        }

        return ShareOrCreate(kept, shareWith);
    }

    private static EquatableArray<Endpoint> ShareOrCreate(List<Endpoint> endpoints, EquatableArray<Endpoint> candidate) =>
        CollectionsMarshal.AsSpan(endpoints).SequenceEqual(candidate.AsSpan()) ? candidate : EquatableArray.CopyOf(endpoints);

    private static EquatableArray<Endpoint> Union(EquatableArray<Endpoint> cluster, EquatableArray<Endpoint> local)
    {
        List<Endpoint> union = new(Math.Max(cluster.Length, local.Length));
        int fromCluster = 0;
        int fromLocal = 0;
        while (fromCluster < cluster.Length && fromLocal < local.Length)
        {
            int order = EndpointAddress.CompareText(cluster[fromCluster].Target, local[fromLocal].Target);
            union.Add(order <= 0 ? cluster[fromCluster] : local[fromLocal]);
            fromCluster += order <= 0 ? 1 : 0;
            fromLocal += order >= 0 ? 1 : 0;
        }

        union.AddRange(cluster.AsSpan()[fromCluster..]);
        union.AddRange(local.AsSpan()[fromLocal..]);
        return ShareOrCreate(union, union.Count == cluster.Length ? cluster : local);
    }
}

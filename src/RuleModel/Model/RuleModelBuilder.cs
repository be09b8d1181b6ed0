using System.Collections.Immutable;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>Builds models from the cluster state: whole ones, and new ones from old ones at the cost of what changed.</summary>
/// <param name="state">The cluster state.</param>
public sealed class RuleModelBuilder(ClusterState state)
{
    private readonly EndpointMerger _merger = new();

    /// <summary>Builds a model from scratch.</summary>
    /// <param name="ipv4">The IPv4 settings.</param>
    /// <param name="ipv6">The IPv6 settings.</param>
    public RuleModelSnapshot Build(NodeSettings ipv4, NodeSettings ipv6) => new(BuildFamily(ipv4), BuildFamily(ipv6));

    /// <summary>A model without any Service: the state of a node before the first sync.</summary>
    public static RuleModelSnapshot Empty(NodeSettings ipv4, NodeSettings ipv6) => new(EmptyFamily(ipv4), EmptyFamily(ipv6));

    /// <summary>
    /// Brings a model up to date. With unchanged settings only the named Services are looked at; with changed settings
    /// all are, but those whose rules come out equal are not reported as changed.
    /// </summary>
    /// <param name="before">The older model.</param>
    /// <param name="changed">The Services that changed since, each once.</param>
    /// <param name="ipv4">The IPv4 settings.</param>
    /// <param name="ipv6">The IPv6 settings.</param>
    public RuleModelChange Update(RuleModelSnapshot before, IReadOnlyList<NamespacedName> changed, NodeSettings ipv4, NodeSettings ipv6) =>
        new(UpdateFamily(before.IPv4, changed, ipv4), UpdateFamily(before.IPv6, changed, ipv6));

    /// <summary>The difference between two models of the same node, however they came about.</summary>
    public static RuleModelChange Compare(RuleModelSnapshot before, RuleModelSnapshot after) =>
        new(CompareFamily(before.IPv4, after.IPv4), CompareFamily(before.IPv6, after.IPv6));

    private static FamilyRules EmptyFamily(NodeSettings settings) =>
        new(settings, ImmutableSortedDictionary<NamespacedName, ServiceRules>.Empty, 0);

    private static FamilyChange CompareFamily(FamilyRules before, FamilyRules after)
    {
        List<ServicePortChange> changes = [];
        foreach ((NamespacedName name, ServiceRules old) in before.Services)
        {
            Diff(old, after.Services.GetValueOrDefault(name), changes);
        }

        foreach ((NamespacedName name, ServiceRules added) in after.Services)
        {
            if (!before.Services.ContainsKey(name))
            {
                Diff(null, added, changes);
            }
        }

        return Change(before, after, changes);
    }

    private static FamilyChange Change(FamilyRules before, FamilyRules after, List<ServicePortChange> changes)
    {
        changes.Sort(static (left, right) => left.Name.CompareTo(right.Name));
        return new(before, after, EquatableArray.CopyOf(changes));
    }

    private FamilyRules BuildFamily(NodeSettings settings)
    {
        ImmutableSortedDictionary<NamespacedName, ServiceRules>.Builder services =
            ImmutableSortedDictionary.CreateBuilder<NamespacedName, ServiceRules>();
        int endpointCount = 0;
        foreach (NamespacedName name in state.ServiceNames)
        {
            if (BuildService(name, settings) is { } service)
            {
                services.Add(name, service);
                endpointCount += service.EndpointCount;
            }
        }

        return new(settings, services.ToImmutable(), endpointCount);
    }

    private FamilyChange UpdateFamily(FamilyRules before, IReadOnlyList<NamespacedName> changed, NodeSettings settings)
    {
        if (before.Settings != settings)
        {
            return CompareFamily(before, BuildFamily(settings));
        }

        ImmutableSortedDictionary<NamespacedName, ServiceRules> services = before.Services;
        int endpointCount = before.EndpointCount;
        List<ServicePortChange> changes = [];
        foreach (NamespacedName name in changed)
        {
            ServiceRules? old = services.GetValueOrDefault(name);
            ServiceRules? current = BuildService(name, settings);
            if (old == current)
            {
                continue;
            }

            endpointCount += (current?.EndpointCount ?? 0) - (old?.EndpointCount ?? 0);
            services = current is null ? services.Remove(name) : services.SetItem(name, current);
            Diff(old, current, changes);
        }

        return Change(before, new(settings, services, endpointCount), changes);
    }

    private ServiceRules? BuildService(NamespacedName name, NodeSettings settings)
    {
        if (state.FindService(name) is not { } definition || definition[settings.Family].IsEmpty)
        {
            return null;
        }

        EquatableArray<ServicePortSpec> specs = definition[settings.Family];
        ReadOnlySpan<EndpointSlice> slices = state.SlicesOf(name);
        ServicePortRules[] ports = new ServicePortRules[specs.Length];
        for (int index = 0; index < ports.Length; index++)
        {
            ServicePortSpec spec = specs[index];
            List<MergedEndpoint> merged = _merger.Merge(slices, spec.Name, settings.Family, settings.NodeName);
            EndpointSelection selection = EndpointSelector.Select(merged, spec, settings.NodeName, settings.Zone);
            ports[index] = new(spec, selection, Contains(spec.SourceRanges, settings.NodeIP));
        }

        return new(name, EquatableArray.Adopt(ports));
    }

    private static bool Contains(EquatableArray<IpPrefix> ranges, IpAddress address)
    {
        foreach (IpPrefix range in ranges)
        {
            if (range.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Merges the port lists of a Service, both ordered by name, and collects the ports whose rules differ.</summary>
    private static void Diff(ServiceRules? old, ServiceRules? current, List<ServicePortChange> changes)
    {
        ReadOnlySpan<ServicePortRules> before = old is null ? default : old.Ports.AsSpan();
        ReadOnlySpan<ServicePortRules> after = current is null ? default : current.Ports.AsSpan();
        while (!before.IsEmpty || !after.IsEmpty)
        {
            int order = before.IsEmpty ? 1 : after.IsEmpty ? -1 : before[0].Name.CompareTo(after[0].Name);
            ServicePortRules? was = order <= 0 ? before[0] : null;
            ServicePortRules? isNow = order >= 0 ? after[0] : null;
            if (was is null || isNow is null || !was.HasSameRulesAs(isNow))
            {
                changes.Add(new(was, isNow));
            }

            before = before[(was is null ? 0 : 1)..];
            after = after[(isNow is null ? 0 : 1)..];
        }
    }
}

using System.Collections.Immutable;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>Keeps the snapshot of one family up to date, with the indexes that make a change cheap.</summary>
/// <param name="state">The cluster state.</param>
/// <param name="settings">The settings to begin with.</param>
internal sealed class FamilyBuilder(ClusterState state, NodeSettings settings)
{
    private readonly EndpointMerger _merger = new();
    private readonly FrontendIndex _frontends = new();
    private readonly FamilyUsage _usage = new();
    private readonly List<(ServiceRules? Old, ServiceRules? Current)> _lastChange = [];
    private FamilyRules? _before;

    public FamilyRules Current { get; private set; } =
        new(settings, ImmutableSortedDictionary<NamespacedName, ServiceRules>.Empty, 0, default);

    /// <summary>Brings the snapshot up to date and returns the difference.</summary>
    /// <param name="changed">The Services that changed.</param>
    /// <param name="settings">The settings; when they changed, every Service is built again.</param>
    public FamilyChange Update(IReadOnlyCollection<NamespacedName> changed, NodeSettings settings)
    {
        FamilyRules before = Current;
        bool isRebuilt = before.Settings != settings;
        IReadOnlyCollection<NamespacedName> names = isRebuilt ? AllNames(before) : changed;
        Dictionary<NamespacedName, ServiceRules?> updated = new(names.Count);
        int endpointCount = before.EndpointCount;
        foreach (NamespacedName name in names)
        {
            ServiceRules? old = before.Services.GetValueOrDefault(name);
            ServiceRules? current = BuildService(name, old, settings);
            updated[name] = current;
            endpointCount += (current?.EndpointCount ?? 0) - (old?.EndpointCount ?? 0);
            UpdateClaims(old, current);
        }

        foreach (NamespacedName affected in _frontends.TakeAffected())
        {
            updated.TryAdd(affected, before.Services.GetValueOrDefault(affected));
        }

        return Finish(before, updated, settings, endpointCount);
    }

    /// <summary>
    /// Reverts the last update, endpoint slots included: the kernel refused it, so the next one must start from the state
    /// before. The caller has to name its Services as changed again.
    /// </summary>
    public void Undo()
    {
        if (_before is not { } before)
        {
            return;
        }

        foreach ((ServiceRules? old, ServiceRules? current) in _lastChange)
        {
            _usage.Remove(current);
            _usage.Add(old);
            UpdateClaims(current, old);
        }

        // The changes that this recorded are discarded: the earlier snapshot already has these winners, counts and shapes.
        _ = _frontends.TakeAffected();
        _ = _usage.TakeDelta();
        _ = _usage.Shapes(Current.Shapes);
        _lastChange.Clear();
        _before = null;
        Current = before;
    }

    private FamilyChange Finish(FamilyRules before, Dictionary<NamespacedName, ServiceRules?> updated, NodeSettings settings, int endpointCount)
    {
        ImmutableSortedDictionary<NamespacedName, ServiceRules>.Builder services = before.Services.ToBuilder();
        List<ServicePortChange> changes = [];
        _lastChange.Clear();
        _before = before;
        foreach ((NamespacedName name, ServiceRules? unsettled) in updated)
        {
            ServiceRules? old = before.Services.GetValueOrDefault(name);
            ServiceRules? current = unsettled is null ? null : SettleConflicts(unsettled);
            if (old == current)
            {
                continue;
            }

            if (current is null)
            {
                services.Remove(name);
            }
            else
            {
                services[name] = current;
            }

            _lastChange.Add((old, current));
            _usage.Remove(old);
            _usage.Add(current);
            ServiceDiff.Collect(old, current, changes);
        }

        Current = new(settings, services.ToImmutable(), endpointCount, _usage.Shapes(before.Shapes));
        return ServiceDiff.Change(before, Current, changes, _usage);
    }

    private HashSet<NamespacedName> AllNames(FamilyRules before)
    {
        HashSet<NamespacedName> names = [.. state.ServiceNames];
        names.UnionWith(before.Services.Keys);
        return names;
    }

    private void UpdateClaims(ServiceRules? old, ServiceRules? current)
    {
        if (old is not null)
        {
            _frontends.Remove(old);
        }

        if (current is not null)
        {
            _frontends.Add(current);
        }
    }

    private ServiceRules? BuildService(NamespacedName name, ServiceRules? old, NodeSettings settings)
    {
        if (state.FindService(name, settings.Family) is not { } definition || definition[settings.Family].IsEmpty)
        {
            return null;
        }

        EquatableArray<ServicePortSpec> specs = definition[settings.Family];
        ReadOnlySpan<EndpointSlice> slices = state.SlicesOf(name, settings.Family);
        ServicePortRules[] ports = new ServicePortRules[specs.Length];
        for (int index = 0; index < ports.Length; index++)
        {
            ServicePortSpec spec = specs[index];
            List<MergedEndpoint> merged = _merger.Merge(slices, spec.Name, settings.Family, settings.NodeName);
            EndpointSelection selection = EndpointSelector.Select(merged, spec, settings.NodeName, settings.Zone);
            ports[index] = new(spec, KeepSlots(old, spec.Name, selection), Contains(spec.SourceRanges, settings.NodeIP));
        }

        return new(name, EquatableArray.Adopt(ports));
    }

    private static EndpointSelection KeepSlots(ServiceRules? old, ServicePortName name, EndpointSelection selection)
    {
        if (old?.FindPort(name) is not { } port)
        {
            return selection;
        }

        return selection with
        {
            ClusterSlots = SlotOrder.Carry(port.Endpoints.ClusterSlots, selection.Cluster),
            LocalSlots = SlotOrder.Carry(port.Endpoints.LocalSlots, selection.Local),
        };
    }

    /// <summary>Marks the frontends for which another service port has precedence.</summary>
    private ServiceRules SettleConflicts(ServiceRules service)
    {
        ServicePortRules[]? settled = null;
        for (int index = 0; index < service.Ports.Length; index++)
        {
            ServicePortRules port = service.Ports[index];
            EquatableArray<Frontend> shadowed = Shadowed(port);
            if (shadowed != port.Shadowed)
            {
                settled ??= service.Ports.AsSpan().ToArray();
                settled[index] = port with { Shadowed = shadowed };
            }
        }

        return settled is null ? service : service with { Ports = EquatableArray.Adopt(settled) };
    }

    private EquatableArray<Frontend> Shadowed(ServicePortRules port)
    {
        List<Frontend>? shadowed = null;
        for (int index = 0; index < port.FrontendCount; index++)
        {
            Frontend frontend = port.FrontendAt(index);
            if (!_frontends.IsWinner(port, frontend))
            {
                shadowed ??= [];
                shadowed.Add(frontend);
            }
        }

        return shadowed is null ? default : EquatableArray.CopyOf(shadowed);
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
}

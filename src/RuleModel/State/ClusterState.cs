using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// What is known of the cluster now: Services and slices by Service, and which Services changed since the last model.
/// Owned by one writer; the models built from it are immutable.
/// </summary>
/// <param name="allowExternalIPs">Whether external IPs make rules (feature gate AllowServiceExternalIPs).</param>
public sealed class ClusterState(bool allowExternalIPs)
{
    private readonly Dictionary<NamespacedName, ServiceDefinition> _services = [];
    private readonly Dictionary<NamespacedName, EndpointSlice[]> _slicesByService = [];
    private readonly Dictionary<NamespacedName, NamespacedName> _serviceBySlice = [];
    private readonly HashSet<NamespacedName> _changed = [];
    private readonly HashSet<NamespacedName> _quarantined = [];
    private readonly HashSet<NamespacedName> _released = [];
    private readonly ProvenVersions _proven = new();

    /// <summary>Number of Services that make rules.</summary>
    public int ServiceCount => _services.Count;

    /// <summary>The names of all Services that make rules, in no particular order.</summary>
    public IReadOnlyCollection<NamespacedName> ServiceNames => _services.Keys;

    /// <summary>Whether any Service changed since <see cref="TakeChanges"/>.</summary>
    public bool HasChanges => _changed.Count != 0;

    /// <summary>The Services that make no rules for now, in no particular order.</summary>
    public IReadOnlyCollection<NamespacedName> Quarantined => _quarantined;

    /// <summary>
    /// Leaves a Service out of the rules, because the kernel refuses them with it. A change of the Service or of its
    /// endpoints brings it back, to be tried again.
    /// </summary>
    public void Quarantine(NamespacedName name)
    {
        Admit(name);
        if (_services.ContainsKey(name) && _quarantined.Add(name))
        {
            _changed.Add(name);
        }
    }

    /// <summary>Whether the kernel took any version of any Service.</summary>
    public bool HasProven => _proven.Any;

    /// <summary>Whether a Service has to make do with the version that the kernel took last.</summary>
    public bool IsHeldBack(NamespacedName name) => _proven.IsHeldBack(name);

    /// <summary>
    /// Puts the version that the kernel took last in place of the present one, or none if there is none: the present one is
    /// under suspicion. A later version is held back as well.
    /// </summary>
    public void HoldBack(NamespacedName name)
    {
        if (_proven.HoldBack(name))
        {
            _changed.Add(name);
        }
    }

    /// <summary>Sets the families in which <see cref="HoldBack"/> takes effect; both at the beginning.</summary>
    public void HoldBackIn(bool ipv4, bool ipv6)
    {
        if (_proven.SetFamilies(ipv4, ipv6))
        {
            _changed.UnionWith(_proven.HeldBack);
        }
    }

    /// <summary>Ends <see cref="HoldBack"/>.</summary>
    public void Admit(NamespacedName name)
    {
        if (_proven.Admit(name))
        {
            _changed.Add(name);
        }
    }

    /// <summary>Has the rules of a Service made again although it did not change.</summary>
    public void Touch(NamespacedName name) => _changed.Add(name);

    /// <summary>The kernel took all that is in the rules now: from now on these versions stand in for later ones that are held back.</summary>
    public void Prove()
    {
        foreach (NamespacedName name in _proven.TakeUnproven())
        {
            _proven.Set(name, _quarantined.Contains(name) ? null : _services.GetValueOrDefault(name), _slicesByService.GetValueOrDefault(name, []));
        }
    }

    /// <summary>
    /// The Services in the rules whose present version the kernel did not take yet, ordered by name. When it refuses
    /// something, it is one of these.
    /// </summary>
    public NamespacedName[] FindUnproven() => _proven.FindUnproven();

    /// <summary>Forgets that the kernel took any version of any Service: it refuses what it took before.</summary>
    public void DoubtAll()
    {
        // The versions that stand in for those held back are no longer good either.
        _changed.UnionWith(_proven.HeldBack);
        _proven.DoubtAll(_services.Keys);
    }

    /// <summary>Brings all Services back that were left out.</summary>
    public void ReleaseAll()
    {
        _changed.UnionWith(_quarantined);
        _quarantined.Clear();
    }

    /// <summary>Adds or replaces a Service.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="problems">Receives what is wrong with it.</param>
    public void Set(Service service, ICollection<Problem> problems)
    {
        ServiceDefinition definition = ServiceReader.Read(service, allowExternalIPs, problems);
        if (definition.IsEmpty)
        {
            RemoveService(service.Name);
        }
        else if (!_services.TryGetValue(service.Name, out ServiceDefinition? known) || known != definition)
        {
            _services[service.Name] = definition;
            Change(service.Name);
        }
    }

    /// <summary>Removes a Service; its slices stay known.</summary>
    public void RemoveService(NamespacedName name)
    {
        if (_services.Remove(name))
        {
            Change(name);
        }
    }

    /// <summary>
    /// Adds or replaces an EndpointSlice. A slice that moved to another Service leaves its old one (kube-proxy forgets
    /// that: spec 16, quirk 16).
    /// </summary>
    /// <returns>Whether this says something new.</returns>
    public bool Set(EndpointSlice slice)
    {
        bool isUsable = slice.ServiceName.Length != 0 && !slice.IsHeadless && slice.AddressType != AddressType.Other;
        if (_serviceBySlice.TryGetValue(slice.Name, out NamespacedName owner) && (!isUsable || owner != slice.Service))
        {
            RemoveSlice(slice.Name);
        }

        if (!isUsable)
        {
            return false;
        }

        EndpointSlice[] known = _slicesByService.GetValueOrDefault(slice.Service, []);
        int index = IndexOf(known, slice.Name);
        if (index >= 0 && known[index] == slice)
        {
            return false;
        }

        EndpointSlice[] updated = index >= 0 ? [.. known] : Insert(known, ~index);
        updated[index >= 0 ? index : ~index] = slice;
        _slicesByService[slice.Service] = updated;
        _serviceBySlice[slice.Name] = slice.Service;
        Change(slice.Service);
        return true;
    }

    /// <summary>Removes an EndpointSlice.</summary>
    public void RemoveSlice(NamespacedName name)
    {
        if (!_serviceBySlice.Remove(name, out NamespacedName service))
        {
            return;
        }

        EndpointSlice[] remaining = Array.FindAll(_slicesByService[service], slice => slice.Name != name);
        if (remaining.Length == 0)
        {
            _slicesByService.Remove(service);
        }
        else
        {
            _slicesByService[service] = remaining;
        }

        Change(service);
    }

    /// <summary>The Services that changed since the last call, ordered by name, and forgets them.</summary>
    public IReadOnlyList<NamespacedName> TakeChanges()
    {
        NamespacedName[] changes = [.. _changed];
        _changed.Clear();
        Array.Sort(changes);
        return changes;
    }

    /// <summary>The Services that were left out and changed since the last call, and are there still.</summary>
    public IReadOnlyList<NamespacedName> TakeReleased()
    {
        if (_released.Count == 0)
        {
            return [];
        }

        NamespacedName[] released = [.. _released.Where(_services.ContainsKey).Order()];
        _released.Clear();
        return released;
    }

    internal ServiceDefinition? FindService(NamespacedName name, IpFamily family) =>
        _quarantined.Contains(name) ? null
        : _proven.IsHeldBack(name, family) ? _proven.DefinitionOf(name)
        : _services.GetValueOrDefault(name);

    internal ReadOnlySpan<EndpointSlice> SlicesOf(NamespacedName service, IpFamily family) =>
        _proven.IsHeldBack(service, family) ? _proven.SlicesOf(service) : _slicesByService.GetValueOrDefault(service, []);

    private void Change(NamespacedName name)
    {
        _changed.Add(name);
        _proven.Doubt(name);
        if (_quarantined.Remove(name))
        {
            _released.Add(name);
        }
    }

    private static int IndexOf(EndpointSlice[] slices, NamespacedName name)
    {
        int low = 0;
        int high = slices.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = slices[middle].Name.CompareTo(name);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    private static EndpointSlice[] Insert(EndpointSlice[] slices, int index)
    {
        EndpointSlice[] larger = new EndpointSlice[slices.Length + 1];
        slices.AsSpan(0, index).CopyTo(larger);
        slices.AsSpan(index).CopyTo(larger.AsSpan(index + 1));
        return larger;
    }
}

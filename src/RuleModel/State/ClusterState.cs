using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// The present state of the cluster: Services and slices by Service, and which Services changed since the last model.
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

    /// <summary>Receives each operation before it is carried out, with the Service or the default; null if nothing records them.</summary>
    public Action<StateOperation, NamespacedName>? Operated { get; init; }

    /// <summary>Increases with each change of a Service or of its slices: an object that makes no difference leaves it as it is.</summary>
    public long Revision { get; private set; }

    /// <summary>Whether any Service changed since <see cref="TakeChanges"/>.</summary>
    public bool HasChanges => _changed.Count != 0;

    /// <summary>The Services that are left out of the rules for now, in no particular order.</summary>
    public IReadOnlyCollection<NamespacedName> Quarantined => _quarantined;

    /// <summary>
    /// Leaves a Service out of the rules, because the kernel refuses rules that include it. A change of the Service or of its
    /// endpoints includes it again.
    /// </summary>
    public void Quarantine(NamespacedName name)
    {
        Operated?.Invoke(StateOperation.Quarantine, name);
        EndHoldBack(name);
        if (_services.ContainsKey(name) && _quarantined.Add(name))
        {
            _changed.Add(name);
        }
    }

    /// <summary>Whether the kernel has accepted any version of any Service.</summary>
    public bool HasProven => _proven.Any;

    /// <summary>Whether the rules hold the version of a Service that the kernel last accepted instead of its present one.</summary>
    public bool IsHeldBack(NamespacedName name) => _proven.IsHeldBack(name);

    /// <summary>
    /// Puts the version that the kernel last accepted, if any, in place of the present one, which may be the one that the
    /// kernel refuses. Later versions are held back as well.
    /// </summary>
    public void HoldBack(NamespacedName name)
    {
        Operated?.Invoke(StateOperation.HoldBack, name);
        if (_proven.HoldBack(name))
        {
            _changed.Add(name);
        }
    }

    /// <summary>Sets the families in which <see cref="HoldBack"/> takes effect; both by default.</summary>
    public void HoldBackIn(bool ipv4, bool ipv6)
    {
        Operated?.Invoke(
            (ipv4, ipv6) switch
            {
                (true, true) => StateOperation.HoldBackInBoth,
                (true, false) => StateOperation.HoldBackInIPv4,
                (false, true) => StateOperation.HoldBackInIPv6,
                _ => StateOperation.HoldBackInNone,
            },
            default);
        if (_proven.SetFamilies(ipv4, ipv6))
        {
            _changed.UnionWith(_proven.HeldBack);
        }
    }

    /// <summary>Ends <see cref="HoldBack"/>.</summary>
    public void Admit(NamespacedName name)
    {
        Operated?.Invoke(StateOperation.Admit, name);
        EndHoldBack(name);
    }

    /// <summary>Marks a Service as changed although it did not change, so that its rules are built again.</summary>
    public void Touch(NamespacedName name)
    {
        Operated?.Invoke(StateOperation.Touch, name);
        _changed.Add(name);
    }

    /// <summary>Records that the kernel accepted the present rules: their versions replace later ones that are held back.</summary>
    public void Prove()
    {
        Operated?.Invoke(StateOperation.Prove, default);
        foreach (NamespacedName name in _proven.TakeUnproven())
        {
            _proven.Set(name, _quarantined.Contains(name) ? null : _services.GetValueOrDefault(name), _slicesByService.GetValueOrDefault(name, []));
        }
    }

    /// <summary>
    /// The Services in the rules whose present version the kernel has not accepted yet, ordered by name. When it refuses the
    /// rules, the cause is among these.
    /// </summary>
    public NamespacedName[] FindUnproven() => _proven.FindUnproven();

    /// <summary>Discards all accepted versions, because the kernel refuses what it accepted before.</summary>
    public void DoubtAll()
    {
        Operated?.Invoke(StateOperation.DoubtAll, default);

        // This includes the versions in place of those held back.
        _changed.UnionWith(_proven.HeldBack);
        _proven.DoubtAll(_services.Keys);
    }

    /// <summary>Includes all Services again that were left out.</summary>
    public void ReleaseAll()
    {
        Operated?.Invoke(StateOperation.ReleaseAll, default);
        _changed.UnionWith(_quarantined);
        _quarantined.Clear();
    }

    /// <summary>Adds or replaces a Service.</summary>
    /// <param name="service">The Service.</param>
    /// <param name="problems">Receives the problems found.</param>
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
    /// Adds or replaces an EndpointSlice. A slice that moved to another Service is removed from its old one (kube-proxy leaves
    /// it there: spec 16, quirk 16).
    /// </summary>
    /// <returns>Whether the slice is used and differs from what was known.</returns>
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

    /// <summary>Returns and clears the Services that changed since the last call, ordered by name.</summary>
    public IReadOnlyList<NamespacedName> TakeChanges()
    {
        NamespacedName[] changes = [.. _changed];
        _changed.Clear();
        Array.Sort(changes);
        return changes;
    }

    /// <summary>Returns and clears the Services that were left out, changed since the last call, and still exist.</summary>
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

    private void EndHoldBack(NamespacedName name)
    {
        if (_proven.Admit(name))
        {
            _changed.Add(name);
        }
    }

    private void Change(NamespacedName name)
    {
        Revision++;
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

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
        if (_services.ContainsKey(name) && _quarantined.Add(name))
        {
            _changed.Add(name);
        }
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

    internal ServiceDefinition? FindService(NamespacedName name) =>
        _quarantined.Contains(name) ? null : _services.GetValueOrDefault(name);

    internal ReadOnlySpan<EndpointSlice> SlicesOf(NamespacedName service) => _slicesByService.GetValueOrDefault(service, []);

    private void Change(NamespacedName name)
    {
        _changed.Add(name);
        _quarantined.Remove(name);
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

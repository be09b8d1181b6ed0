using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// The version of each Service that the kernel last accepted, and the Services that are held back: the rules hold that
/// version, because the present one may be what the kernel refuses. The versions share their arrays with the state, so each
/// costs one table entry.
/// </summary>
internal sealed class ProvenVersions
{
    private readonly Dictionary<NamespacedName, (ServiceDefinition Definition, EndpointSlice[] Slices)> _versions = [];
    private readonly HashSet<NamespacedName> _unproven = [];
    private readonly HashSet<NamespacedName> _heldBack = [];
    private readonly bool[] _isHoldingBack = [true, true]; // by family

    public bool Any => _versions.Count != 0;

    /// <summary>The Services that are held back, in no order.</summary>
    public IReadOnlyCollection<NamespacedName> HeldBack => _heldBack;

    /// <summary>Whether a Service is held back in the families that refuse rules.</summary>
    public bool IsHeldBack(NamespacedName name) => _heldBack.Count != 0 && _heldBack.Contains(name);

    /// <summary>Whether a Service is held back in a family.</summary>
    public bool IsHeldBack(NamespacedName name, IpFamily family) => _isHoldingBack[(int)family] && IsHeldBack(name);

    /// <summary>Sets the families in which Services are held back: one may refuse what the other has accepted.</summary>
    /// <returns>Whether this is a change.</returns>
    public bool SetFamilies(bool ipv4, bool ipv6)
    {
        bool isChange = (_isHoldingBack[(int)IpFamily.IPv4], _isHoldingBack[(int)IpFamily.IPv6]) != (ipv4, ipv6);
        (_isHoldingBack[(int)IpFamily.IPv4], _isHoldingBack[(int)IpFamily.IPv6]) = (ipv4, ipv6);
        return isChange;
    }

    /// <summary>The definition that the kernel accepted; null if there was none.</summary>
    public ServiceDefinition? DefinitionOf(NamespacedName name) => _versions.GetValueOrDefault(name).Definition;

    /// <summary>The slices of the version that the kernel accepted.</summary>
    public EndpointSlice[] SlicesOf(NamespacedName name) => _versions.GetValueOrDefault(name).Slices ?? [];

    /// <summary>Records that the present version is not the one that the kernel accepted.</summary>
    public void Doubt(NamespacedName name) => _unproven.Add(name);

    /// <summary>Holds a Service back.</summary>
    /// <returns>Whether it was not held back before.</returns>
    public bool HoldBack(NamespacedName name)
    {
        _unproven.Add(name);
        return _heldBack.Add(name);
    }

    /// <summary>Ends holding a Service back.</summary>
    /// <returns>Whether it was held back.</returns>
    public bool Admit(NamespacedName name) => _heldBack.Remove(name);

    /// <summary>The Services in the rules whose present version is unproven, ordered.</summary>
    public NamespacedName[] FindUnproven()
    {
        NamespacedName[] names = [.. _unproven.Where(name => !_heldBack.Contains(name))];
        Array.Sort(names);
        return names;
    }

    /// <summary>Returns and clears the same Services, in no order.</summary>
    public NamespacedName[] TakeUnproven()
    {
        if (_heldBack.Count == 0)
        {
            NamespacedName[] all = [.. _unproven];
            _unproven.Clear();
            return all;
        }

        NamespacedName[] names = [.. _unproven.Where(name => !_heldBack.Contains(name))];
        _unproven.ExceptWith(names);
        return names;
    }

    /// <summary>Records a version that the kernel accepted; null for none.</summary>
    public void Set(NamespacedName name, ServiceDefinition? definition, EndpointSlice[] slices)
    {
        if (definition is null)
        {
            _versions.Remove(name);
        }
        else
        {
            _versions[name] = (definition, slices);
        }
    }

    /// <summary>Discards all accepted versions.</summary>
    /// <param name="services">All Services.</param>
    public void DoubtAll(IEnumerable<NamespacedName> services)
    {
        _versions.Clear();
        _unproven.UnionWith(services);
    }
}

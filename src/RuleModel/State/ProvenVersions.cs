using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>
/// Which version of each Service the kernel took last, and which Services have to make do with it because their present
/// version is under suspicion. The versions share their arrays with the state, so one costs an entry in a table.
/// </summary>
internal sealed class ProvenVersions
{
    private readonly Dictionary<NamespacedName, (ServiceDefinition Definition, EndpointSlice[] Slices)> _versions = [];
    private readonly HashSet<NamespacedName> _unproven = [];
    private readonly HashSet<NamespacedName> _heldBack = [];
    private readonly bool[] _isHoldingBack = [true, true]; // by family

    /// <summary>Whether there is any version.</summary>
    public bool Any => _versions.Count != 0;

    /// <summary>The Services that have to make do with the version of before, in no order.</summary>
    public IReadOnlyCollection<NamespacedName> HeldBack => _heldBack;

    /// <summary>Whether a Service has to make do with the version of before, in the families that refuse rules.</summary>
    public bool IsHeldBack(NamespacedName name) => _heldBack.Count != 0 && _heldBack.Contains(name);

    /// <summary>Whether a Service has to make do with the version of before in a family.</summary>
    public bool IsHeldBack(NamespacedName name, IpFamily family) => _isHoldingBack[(int)family] && IsHeldBack(name);

    /// <summary>Sets the families in which Services are held back: what one of them refuses, the other may have taken.</summary>
    /// <returns>Whether they were others before.</returns>
    public bool SetFamilies(bool ipv4, bool ipv6)
    {
        bool isChange = (_isHoldingBack[(int)IpFamily.IPv4], _isHoldingBack[(int)IpFamily.IPv6]) != (ipv4, ipv6);
        (_isHoldingBack[(int)IpFamily.IPv4], _isHoldingBack[(int)IpFamily.IPv6]) = (ipv4, ipv6);
        return isChange;
    }

    /// <summary>The definition that the kernel took; null if there was none.</summary>
    public ServiceDefinition? DefinitionOf(NamespacedName name) => _versions.GetValueOrDefault(name).Definition;

    /// <summary>The slices of the version that the kernel took.</summary>
    public EndpointSlice[] SlicesOf(NamespacedName name) => _versions.GetValueOrDefault(name).Slices ?? [];

    /// <summary>The present version is not the one that the kernel took.</summary>
    public void Doubt(NamespacedName name) => _unproven.Add(name);

    /// <summary>Whether the Service was not held back before.</summary>
    public bool HoldBack(NamespacedName name)
    {
        _unproven.Add(name);
        return _heldBack.Add(name);
    }

    /// <summary>Whether the Service was held back.</summary>
    public bool Admit(NamespacedName name) => _heldBack.Remove(name);

    /// <summary>The Services in the rules whose present version is unproven, ordered.</summary>
    public NamespacedName[] FindUnproven()
    {
        NamespacedName[] names = [.. _unproven.Where(name => !_heldBack.Contains(name))];
        Array.Sort(names);
        return names;
    }

    /// <summary>The same in no order, and forgets them.</summary>
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

    /// <summary>Notes a version that the kernel took; null for none.</summary>
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

    /// <summary>Forgets all versions.</summary>
    /// <param name="services">The Services that there are.</param>
    public void DoubtAll(IEnumerable<NamespacedName> services)
    {
        _versions.Clear();
        _unproven.UnionWith(services);
    }
}

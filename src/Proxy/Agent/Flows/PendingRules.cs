using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Flows;

/// <summary>
/// The rules that the kernel got and that the flows were not compared with yet. Any number of syncs is one; it holds no more
/// than <see cref="NameLimit"/> names. Filled by the sync loop, which is never held up: it only ever waits for a few
/// assignments.
/// </summary>
/// <param name="includesTcp">Whether TCP connections are looked at.</param>
internal sealed class PendingRules(bool includesTcp)
{
    /// <summary>With more names than this a walk over all Services is as good.</summary>
    public const int NameLimit = 4096;

    private readonly Lock _gate = new();
    private readonly FamilyRules?[] _latest = new FamilyRules?[2];
    private readonly bool[] _isSynced = new bool[2];
    private HashSet<NamespacedName>? _names = [];
    private volatile bool _isNew;

    /// <summary>Whether there is something to take.</summary>
    public bool IsNew => _isNew;

    /// <summary>Whether a family was synced.</summary>
    public bool IsSynced(IpFamily family) => Volatile.Read(ref _isSynced[(int)family]);

    /// <summary>Notes a sync that succeeded.</summary>
    /// <returns>Whether it can have made flows stale.</returns>
    public bool Note(SyncReport report)
    {
        lock (_gate)
        {
            FamilyRules? before = _latest[(int)report.Family];
            bool matters = report.Services is null || before is null || report.Services.Any(name => Matters(before, name) || Matters(report.Rules, name));
            _latest[(int)report.Family] = report.Rules;
            Volatile.Write(ref _isSynced[(int)report.Family], true);
            if (report.Services is null || before is null || _names is null || _names.Count + report.Services.Count > NameLimit)
            {
                _names = null;
            }
            else
            {
                _names.UnionWith(report.Services);
            }

            _isNew = true;
            return matters;
        }
    }

    /// <summary>Takes the newest rules.</summary>
    /// <param name="names">The Services that were looked at since the last time; null for all.</param>
    /// <returns>The rules; of a family that was not synced yet there are none. Null before the first sync.</returns>
    public RuleModelSnapshot? Take(out IReadOnlyCollection<NamespacedName>? names)
    {
        lock (_gate)
        {
            names = _names;
            _names = [];
            _isNew = false;
            FamilyRules? any = _latest[0] ?? _latest[1];
            return any is null ? null : new(Of(IpFamily.IPv4, any), Of(IpFamily.IPv6, any));
        }
    }

    private FamilyRules Of(IpFamily family, FamilyRules other) =>
        _latest[(int)family] ??= WithoutServices(other.Settings with { Family = family });

    private static FamilyRules WithoutServices(NodeSettings settings)
    {
        NodeSettings ipv4 = settings with { Family = IpFamily.IPv4 };
        NodeSettings ipv6 = settings with { Family = IpFamily.IPv6 };
        return new RuleModelBuilder(new ClusterState(allowExternalIPs: true), ipv4, ipv6).Current[settings.Family];
    }

    private bool Matters(FamilyRules rules, NamespacedName name)
    {
        if (!rules.Services.TryGetValue(name, out ServiceRules? service))
        {
            return false;
        }

        foreach (ServicePortRules port in service.Ports)
        {
            if (includesTcp || port.Name.Protocol != TransportProtocol.Tcp)
            {
                return true;
            }
        }

        return false;
    }
}

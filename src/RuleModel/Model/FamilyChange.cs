using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>The difference between two snapshots of one family: all that an incremental renderer needs.</summary>
/// <param name="Before">The older snapshot.</param>
/// <param name="After">The newer snapshot.</param>
/// <param name="Ports">The service ports whose rules differ, ordered by name.</param>
public sealed record FamilyChange(FamilyRules Before, FamilyRules After, EquatableArray<ServicePortChange> Ports)
{
    /// <summary>Cluster IPs that came and went.</summary>
    public UsageDelta<IpAddress> ClusterIPs { get; init; }

    /// <summary>Endpoints of this node that traffic can reach, that came and went.</summary>
    public UsageDelta<LocalTarget> LocalTargets { get; init; }

    /// <summary>Whether something that all rules share changed.</summary>
    public bool SettingsChanged => Before.Settings != After.Settings;

    /// <summary>Whether the rules are the same before and after.</summary>
    public bool IsEmpty => Ports.IsEmpty && !SettingsChanged;
}

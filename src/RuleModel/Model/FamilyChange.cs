using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>The difference between two snapshots of one family: all that an incremental renderer needs.</summary>
/// <param name="Before">The older snapshot.</param>
/// <param name="After">The newer snapshot.</param>
/// <param name="Ports">The service ports whose rules differ, ordered by name.</param>
public sealed record FamilyChange(FamilyRules Before, FamilyRules After, EquatableArray<ServicePortChange> Ports)
{
    /// <summary>Cluster IPs that were added and removed.</summary>
    public UsageDelta<IpAddress> ClusterIPs { get; init; }

    /// <summary>Reachable endpoints of this node that were added and removed.</summary>
    public UsageDelta<LocalTarget> LocalTargets { get; init; }

    /// <summary>Whether something that all rules share changed.</summary>
    public bool SettingsChanged => Before.Settings != After.Settings;

    /// <summary>Whether the rules are the same before and after.</summary>
    public bool IsEmpty => Ports.IsEmpty && !SettingsChanged;
}

/// <summary>A service port whose rules changed.</summary>
/// <param name="Old">What it was; null if it is new.</param>
/// <param name="New">What it is now; null if it was removed.</param>
public readonly record struct ServicePortChange(ServicePortRules? Old, ServicePortRules? New)
{
    /// <summary>The identity, the same before and after.</summary>
    public ServicePortName Name => (New ?? Old)!.Name; // never both null
}

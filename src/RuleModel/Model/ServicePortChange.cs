using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>A service port whose rules changed.</summary>
/// <param name="Old">What it was; null if it is new.</param>
/// <param name="New">What it is now; null if it was removed.</param>
public readonly record struct ServicePortChange(ServicePortRules? Old, ServicePortRules? New)
{
    /// <summary>The identity, the same before and after.</summary>
    public ServicePortName Name => (New ?? Old)!.Name; // one of the two is always there
}

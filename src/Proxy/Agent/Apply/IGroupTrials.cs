using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>Finds out which of many groups of Services the kernel would take, without changing the rules in force.</summary>
internal interface IGroupTrials
{
    /// <summary>Tries groups, each for itself and one after the other, until one is refused; at least the first one. May be called several times at once.</summary>
    /// <param name="groups">The groups, with the same settings and without a Service in common; one at least.</param>
    /// <param name="cancellation">Ends it.</param>
    Task<GroupTrial> TryGroupsAsync(IReadOnlyList<FamilyRules> groups, CancellationToken cancellation);
}

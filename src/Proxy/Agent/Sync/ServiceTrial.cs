using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>Tries Services without any others, in rules made anew: nothing that they build on can be missing there.</summary>
/// <param name="state">The cluster state.</param>
/// <param name="settings">The present settings of a family.</param>
internal sealed class ServiceTrial(ClusterState state, Func<IpFamily, NodeSettings> settings)
{
    /// <summary>Tries the present versions of Services, also of those that are held back.</summary>
    /// <param name="services">The Services; all of them are held back, or none.</param>
    /// <param name="applier">Tries the rules of its family.</param>
    /// <param name="cancellation">Ends it.</param>
    public Task<ApplyResult> TryAsync(NamespacedName[] services, IRuleApplier applier, CancellationToken cancellation) =>
        applier.TryAsync(RulesOf(services)[applier.Family], cancellation);

    /// <summary>The rules of the present versions of Services alone.</summary>
    /// <param name="services">The Services; all of them are held back, or none.</param>
    public RuleModelSnapshot RulesOf(NamespacedName[] services)
    {
        bool areHeldBack = state.IsHeldBack(services[0]);
        if (areHeldBack)
        {
            Array.ForEach(services, state.Admit);
        }

        RuleModelBuilder alone = new(state, settings(IpFamily.IPv4), settings(IpFamily.IPv6));
        RuleModelSnapshot rules = alone.Update(services, settings(IpFamily.IPv4), settings(IpFamily.IPv6)).After;
        if (areHeldBack)
        {
            Array.ForEach(services, state.HoldBack);
        }

        return rules;
    }
}

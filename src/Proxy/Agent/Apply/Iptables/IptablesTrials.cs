using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Model;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>Finds out what the kernel would take of rules for iptables, without changing those in force.</summary>
/// <param name="tools">The tools of the host's variant.</param>
/// <param name="runner">Runs them.</param>
/// <param name="options">How texts are written, apart from what the place of a trial offers.</param>
/// <param name="log">Where messages go.</param>
internal sealed class IptablesTrials(IptablesTools tools, ProcessRunner runner, IptablesOptions options, ILogger log) : IGroupTrials
{
    private volatile bool _checksOnlyForm;

    /// <summary>Whether the last trial could only check the form of the rules, because no network namespace can be made.</summary>
    public bool ChecksOnlyForm => _checksOnlyForm;

    /// <summary>Tries rules as a whole.</summary>
    /// <param name="rules">The rules.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<ApplyResult> TryAsync(FamilyRules rules, CancellationToken cancellation)
    {
        using IptablesTrial trial = Begin(flushes: false);
        RestoreAdditions additions = trial.IsReal ? new(JumpRule.Of(rules.Settings), MakesSharedChain: true) : RestoreAdditions.None;
        IptablesRenderer.WriteFullRestore(rules, default, additions, trial.Options, trial.Transaction);
        return await trial.Transaction.CommitAsync(cancellation);
    }

    /// <inheritdoc/>
    public async Task<GroupTrial> TryGroupsAsync(IReadOnlyList<FamilyRules> groups, CancellationToken cancellation)
    {
        bool replaces = tools.Variant == IptablesVariant.Legacy;
        using (IptablesTrial trial = Begin(flushes: replaces))
        {
            IptablesRenderer.WriteTrials(groups, replaces, trial.Options, trial.Transaction);
            ApplyResult result = await trial.Transaction.CommitAsync(cancellation);
            if (result.IsApplied)
            {
                return new(groups.Count, result);
            }

            if (result.Outcome != ApplyOutcome.Refused)
            {
                return new(0, result);
            }

            if (trial.Transaction.MarkBefore(result) is { } number)
            {
                return new(number, result);
            }
        }

        // The tool did not say which one.
        ApplyResult first = await TryAsync(groups[0], cancellation);
        return new(first.IsApplied ? 1 : 0, first);
    }

    private IptablesTrial Begin(bool flushes)
    {
        IptablesTrial trial = IptablesTrial.Begin(tools, flushes, runner, options, log);
        _checksOnlyForm = !trial.IsReal;
        return trial;
    }
}

using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Renderers.Iptables;

namespace KubeProxySharp.Proxy.Agent.Apply.Iptables;

/// <summary>
/// Finds the jump rules that built-in chains lack (spec 5.2). A rule that is listed word for word is there. Of the others,
/// <c>iptables -C</c> decides, as kube-proxy does, because another version may print the same rule otherwise; but a
/// rule whose target chain does not exist cannot be there. So a first sync and all usual ones need no process for this.
/// </summary>
internal static class MissingJumps
{
    /// <summary>Those of some rules that are missing, in the same order; an error if the tool fails.</summary>
    /// <param name="runner">Runs iptables.</param>
    /// <param name="tools">The tools.</param>
    /// <param name="jumps">The rules that there should be.</param>
    /// <param name="listingOf">What is listed of a table; null if it could not be.</param>
    /// <param name="cancellation">Kills iptables.</param>
    public static async Task<(List<JumpRule> Missing, ApplyResult Error)> FindAsync(
        ProcessRunner runner, IptablesTools tools, IReadOnlyList<JumpRule> jumps, Func<string, IptablesListing?> listingOf, CancellationToken cancellation)
    {
        List<JumpRule> missing = [];
        foreach (JumpRule jump in jumps)
        {
            (bool isThere, ApplyResult error) = await FindAsync(runner, tools, jump, listingOf(jump.Table), cancellation);
            if (!error.IsApplied)
            {
                return (missing, error);
            }

            if (!isThere)
            {
                missing.Add(jump);
            }
        }

        return (missing, ApplyResult.Applied);
    }

    /// <summary>Whether a rule is there; an error if the tool fails.</summary>
    public static async Task<(bool IsThere, ApplyResult Error)> FindAsync(ProcessRunner runner, IptablesTools tools, JumpRule jump, IptablesListing? listing, CancellationToken cancellation)
    {
        if (listing is not null && (listing.Count(jump) != 0 || !listing.Chains(jump.Table).Contains(jump.Target)))
        {
            return (listing.Count(jump) != 0, ApplyResult.Applied);
        }

        ToolCall call = new(tools.Command, [.. IptablesTools.Wait, "-C", jump.Chain, "-t", jump.Table, .. jump.Arguments()]);
        ProcessResult result = await runner.RunAsync(call, cancellation);
        return result switch
        {
            { IsSuccess: true } => (true, ApplyResult.Applied),

            // 1: no such rule. 2: iptables does not know the target, a chain that does not exist.
            { End: ProcessEnd.Exited, ExitCode: 1 or 2 } => (false, ApplyResult.Applied),
            _ => (false, new(ApplyOutcome.Unavailable, result.Describe(tools.Command + " -C"))),
        };
    }
}

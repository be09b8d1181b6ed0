using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>
/// Decides which of two endpoints with the same address and port is kept: the one that traffic should go to. It is a total
/// order, so the result does not depend on the order of slices, their names or the endpoints in them.
/// </summary>
internal static class DuplicatePreference
{
    /// <summary>Whether an endpoint is preferred to another one.</summary>
    /// <param name="candidate">The endpoint.</param>
    /// <param name="known">The other one.</param>
    public static bool IsBetter(in MergedEndpoint candidate, in MergedEndpoint known)
    {
        int order = RankOf(candidate.Endpoint.Conditions) - RankOf(known.Endpoint.Conditions);
        order = order != 0 ? order : candidate.Endpoint.IsLocal.CompareTo(known.Endpoint.IsLocal);
        order = order != 0 ? order : Compare(candidate.ZoneHints, known.ZoneHints);
        order = order != 0 ? order : Compare(candidate.NodeHints, known.NodeHints);
        return order > 0;
    }

    /// <summary>
    /// Ready before serving and terminating, which is used while nothing is ready, before all others. Within each of
    /// these, one that is not terminating before one that is, and one that serves before one that does not.
    /// </summary>
    private static int RankOf(EndpointConditions conditions)
    {
        bool isReady = (conditions & EndpointConditions.Ready) != 0;
        bool isServing = (conditions & EndpointConditions.Serving) != 0;
        bool isTerminating = (conditions & EndpointConditions.Terminating) != 0;
        int use = isReady ? 2 : isServing && isTerminating ? 1 : 0;
        return (use * 4) + (isTerminating ? 0 : 2) + (isServing ? 1 : 0);
    }

    /// <summary>More hints before fewer: an endpoint without any switches off topology for the whole port.</summary>
    private static int Compare(EquatableArray<string> candidate, EquatableArray<string> known)
    {
        int order = candidate.Length - known.Length;
        for (int index = 0; order == 0 && index < candidate.Length; index++)
        {
            order = string.CompareOrdinal(known[index], candidate[index]);
        }

        return order;
    }
}

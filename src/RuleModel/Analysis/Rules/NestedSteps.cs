namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>The steps of rules with those inside of them: the alternatives of a match, the cases of a lookup.</summary>
internal static class NestedSteps
{
    /// <summary>Calls an action for each step of a rule, from the outer to the inner ones.</summary>
    public static void ForEach(WalkRule rule, Action<RuleStep> action) => ForEach(rule.Steps.AsSpan(), action);

    private static void ForEach(ReadOnlySpan<RuleStep> steps, Action<RuleStep> action)
    {
        foreach (RuleStep step in steps)
        {
            action(step);
            if (step is RuleStep.AnyOf any)
            {
                foreach (Collections.EquatableArray<RuleStep> matches in any.Alternatives)
                {
                    ForEach(matches.AsSpan(), action);
                }
            }
            else if (step is RuleStep.Cases cases)
            {
                foreach (LookupCase one in cases.All)
                {
                    ForEach(one.Matches.AsSpan(), action);
                    ForEach([one.Step], action);
                }
            }
        }
    }
}

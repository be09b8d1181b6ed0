using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>A condition that a way took as true or false, and those before.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="IsTrue">How it was taken.</param>
/// <param name="Before">Those before.</param>
internal sealed record AssumedCondition(WalkCondition Condition, bool IsTrue, AssumedCondition? Before)
{
    /// <summary>How a condition was taken; null if it was not.</summary>
    public static bool? Find(AssumedCondition? last, WalkCondition condition)
    {
        for (AssumedCondition? link = last; link is not null; link = link.Before)
        {
            if (link.Condition.Equals(condition))
            {
                return link.IsTrue;
            }
        }

        return null;
    }
}

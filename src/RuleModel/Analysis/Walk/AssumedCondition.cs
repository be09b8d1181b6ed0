using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;

namespace KubeProxySharp.RuleModel.Analysis.Walk;

/// <summary>A condition that a path assumed to be true or false, and those before.</summary>
/// <param name="Condition">The condition.</param>
/// <param name="IsTrue">The assumed value.</param>
/// <param name="Before">Those before.</param>
internal sealed record AssumedCondition(RuntimeCondition Condition, bool IsTrue, AssumedCondition? Before)
{
    /// <summary>The entry of the trace that names the condition; null if there is none.</summary>
    public WalkTraceEntry? Doubt { get; init; }

    /// <summary>The source ports before a condition about them split them; null for other conditions.</summary>
    public PortSet? SourcePorts { get; init; }

    /// <summary>The assumed value of a condition; null if none was assumed.</summary>
    public static bool? Find(AssumedCondition? last, RuntimeCondition condition)
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

    /// <summary>Whether an interface has a name, as far as it follows from what was assumed of its name.</summary>
    /// <param name="last">What was assumed.</param>
    /// <param name="asked">The interface; its negation does not count.</param>
    /// <param name="route">Which of several lookups of the output interface is meant; 0 for the input interface.</param>
    public static bool? Find(AssumedCondition? last, RuleStep.InterfaceMatch asked, int route)
    {
        for (AssumedCondition? link = last; link is not null; link = link.Before)
        {
            if (link.Condition.Interface is not { } known || known.IsInput != asked.IsInput || link.Condition.Route != route)
            {
                continue;
            }

            bool isAskedInsideKnown = known.IsPrefix ? asked.Name.StartsWith(known.Name, StringComparison.Ordinal) : !asked.IsPrefix && asked.Name == known.Name;
            if (!link.IsTrue)
            {
                if (isAskedInsideKnown)
                {
                    return false;
                }

                continue;
            }

            bool isKnownInsideAsked = asked.IsPrefix ? known.Name.StartsWith(asked.Name, StringComparison.Ordinal) : !known.IsPrefix && asked.Name == known.Name;
            if (isKnownInsideAsked)
            {
                return true;
            }

            if (!isAskedInsideKnown)
            {
                return false;
            }
        }

        return null;
    }
}

/// <summary>A condition of a path that packet headers do not decide.</summary>
/// <param name="List">The list or set that records the client; empty for a match that is not decided.</param>
/// <param name="Seconds">How long the client is recorded for.</param>
/// <param name="Text">The match that is not decided; empty for a list.</param>
internal sealed record RuntimeCondition(string List, int Seconds, string Text)
{
    /// <summary>Whether it is a match that is not decided.</summary>
    public bool IsUnknown => Text.Length != 0;

    /// <summary>The name that an interface is asked for; null for other conditions.</summary>
    public RuleStep.InterfaceMatch? Interface { get; init; }

    /// <summary>Which lookup of the output interface it is about.</summary>
    public int Route { get; init; }
}

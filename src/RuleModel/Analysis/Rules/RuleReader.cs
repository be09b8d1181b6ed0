using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>
/// Parses single rules of a dump on demand; the position of each was found when the dump was read. Safe for several threads.
/// A rule that is not understood becomes one of unknown steps, never an exception: rules are parsed in the middle of a walk,
/// where no caller handles one.
/// </summary>
public abstract class RuleReader
{
    /// <summary>Parses a rule.</summary>
    public abstract WalkRule Read(RuleSlice slice);

    /// <summary>Finds <see cref="WalkRule.Destination"/> without parsing the whole rule, where that is cheap.</summary>
    /// <param name="slice">The rule.</param>
    /// <param name="destination">Receives the destination, or null when the rule can match others.</param>
    public virtual bool TryFindDestination(RuleSlice slice, out IpAddress? destination)
    {
        destination = null;
        return false;
    }
}

/// <summary>The position of a rule in a dump.</summary>
/// <param name="Start">The offset of its first byte.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Line">The line it begins on, from 1; 0 when unknown.</param>
public readonly record struct RuleSlice(int Start, int Length, int Line);

/// <summary>A dump cannot be parsed at all, because it is not output of the tool.</summary>
/// <param name="line">The line, from 1; 0 when unknown.</param>
/// <param name="reason">What is wrong.</param>
public sealed class RuleTextException(int line, string reason) : Exception(line > 0 ? $"line {line}: {reason}" : reason)
{
    /// <summary>The line, from 1; 0 when unknown.</summary>
    public int Line { get; } = line;

    /// <summary>Whether the message says already what to give instead.</summary>
    public bool HasRemedy { get; init; }
}

using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>
/// Reads single rules of a dump, whose limits were found before. It may be asked from several threads at once. What it
/// cannot make sense of becomes a rule of unknown steps, never an exception: by then nobody expects one.
/// </summary>
public abstract class RuleReader
{
    /// <summary>Reads a rule.</summary>
    public abstract WalkRule Read(RuleSlice slice);

    /// <summary>Tells <see cref="WalkRule.Destination"/> without reading the rule, if that is easy.</summary>
    /// <param name="slice">The rule.</param>
    /// <param name="destination">Receives the destination, or null when the rule can match others.</param>
    public virtual bool TryFindDestination(RuleSlice slice, out IpAddress? destination)
    {
        destination = null;
        return false;
    }
}

/// <summary>A part of a dump.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Line">The line it begins in, from 1; 0 if it is not known.</param>
public readonly record struct RuleSlice(int Start, int Length, int Line);

/// <summary>A dump of rules that cannot be read at all: not what the tool prints.</summary>
/// <param name="line">The line, from 1; 0 when unknown.</param>
/// <param name="reason">What is wrong.</param>
public sealed class RuleTextException(int line, string reason) : Exception(line > 0 ? $"line {line}: {reason}" : reason)
{
    /// <summary>The line, from 1; 0 when unknown.</summary>
    public int Line { get; } = line;
}

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

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A rule of a chain. A rule of a dump is parsed when it is first used: most never are.</summary>
public sealed record WalkRule
{
    private readonly RuleReader? _reader;
    private readonly RuleSlice _slice;
    private Content? _content;

    /// <summary>Makes a rule.</summary>
    /// <param name="text">The rule as it was listed, for display.</param>
    /// <param name="steps">What it does, in order.</param>
    public WalkRule(string text, EquatableArray<RuleStep> steps) => _content = new(text, steps, "");

    /// <summary>Makes a rule that is parsed when it is first used.</summary>
    internal WalkRule(RuleReader reader, RuleSlice slice)
    {
        _reader = reader;
        _slice = slice;
    }

    /// <summary>The rule as it was listed, for display.</summary>
    public string Text
    {
        get => Read().Text;
        init => _content = Read() with { Text = value };
    }

    /// <summary>What it does, in order.</summary>
    public EquatableArray<RuleStep> Steps
    {
        get => Read().Steps;
        init => _content = Read() with { Steps = value };
    }

    /// <summary>The comment of the rule; empty if it has none.</summary>
    public string Comment
    {
        get => Read().Comment;
        init => _content = Read() with { Comment = value };
    }

    /// <summary>
    /// The only destination that the rule can match, if it matches the destination before any statement; null if it may match
    /// others. Often found without parsing the whole rule.
    /// </summary>
    public IpAddress? Destination =>
        _content is null && _reader!.TryFindDestination(_slice, out IpAddress? found) ? found : DestinationOf(Steps); // a rule without content has a reader

    /// <inheritdoc/>
    public bool Equals(WalkRule? other) => other is not null && Read().Equals(other.Read());

    /// <inheritdoc/>
    public override int GetHashCode() => Read().GetHashCode();

    private static IpAddress? DestinationOf(EquatableArray<RuleStep> steps)
    {
        foreach (RuleStep step in steps)
        {
            if (!step.IsMatch && step is not RuleStep.NoEffect)
            {
                return null;
            }

            if (step is RuleStep.AddressMatch { Field: PacketField.Destination, IsNegated: false } match
                && match.Ranges.Length == 1
                && match.Ranges[0].IsSingle)
            {
                return IpAddress.FromBits(match.Ranges[0].First);
            }
        }

        return null;
    }

    /// <summary>Two threads may both parse the rule: the results are equal.</summary>
    private Content Read() => _content ??= _reader!.Read(_slice).Read(); // a rule without content has a reader

    private sealed record Content(string Text, EquatableArray<RuleStep> Steps, string Comment);
}

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A dump of rules that cannot be read at all: not what the tool prints.</summary>
/// <param name="line">The line, from 1; 0 when unknown.</param>
/// <param name="reason">What is wrong.</param>
public sealed class RuleTextException(int line, string reason) : Exception(line > 0 ? $"line {line}: {reason}" : reason)
{
    /// <summary>The line, from 1; 0 when unknown.</summary>
    public int Line { get; } = line;
}

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>A part of a dump.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Line">The line it begins in, from 1; 0 if it is not known.</param>
public readonly record struct RuleSlice(int Start, int Length, int Line);

namespace KubeProxySharp.Golden.Tests;

/// <summary>One change of a rule set's text.</summary>
/// <param name="Kind">What kind of change.</param>
/// <param name="What">The rule or element before, for people.</param>
/// <param name="Text">The whole text after.</param>
internal sealed record Mutation(string Kind, string What, string Text);

namespace KubeProxySharp.RuleModel.Analysis.Rules;

/// <summary>Something that a path depends on besides packet headers.</summary>
/// <param name="List">The list or set that knows the client; empty for a match that is not understood.</param>
/// <param name="Seconds">For how long the client is known.</param>
/// <param name="Text">The match that is not understood; empty for a list.</param>
internal sealed record WalkCondition(string List, int Seconds, string Text)
{
    /// <summary>Whether it is a match that is not understood.</summary>
    public bool IsUnknown => Text.Length != 0;
}

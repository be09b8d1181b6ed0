namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>A condition that ways of one or both rule sets depend on.</summary>
/// <param name="Endpoint">The endpoint that the client was sent to before; empty for a match that is not understood.</param>
/// <param name="Seconds">How long ago at most.</param>
/// <param name="Text">The match that is not understood.</param>
internal sealed record PathCondition(string Endpoint, int Seconds, string Text)
{
    /// <summary>The list that knows the client in the first rule set; null if that does not ask.</summary>
    public string? ListA { get; set; }

    /// <summary>The same in the second.</summary>
    public string? ListB { get; set; }
}

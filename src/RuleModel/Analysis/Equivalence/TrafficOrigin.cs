namespace KubeProxySharp.RuleModel.Analysis.Equivalence;

/// <summary>Where traffic comes from, as far as rules can tell.</summary>
/// <param name="Interface">The interface it came in by; null for traffic that the node itself makes.</param>
public sealed record TrafficOrigin(string? Interface)
{
    /// <summary>An interface that no rule names.</summary>
    public const string OtherInterface = "other0";

    /// <summary>The node itself.</summary>
    public static TrafficOrigin Node { get; } = new((string?)null);

    /// <summary>The node, or the name of the interface.</summary>
    public override string ToString() => Interface ?? "node";
}

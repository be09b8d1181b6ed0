namespace KubeProxySharp.Conntrack.Stale;

/// <summary>Questions about <see cref="FlowVerdict"/>.</summary>
public static class FlowVerdicts
{
    /// <summary>Number of verdicts; their values are 0 to one less.</summary>
    public const int Count = (int)FlowVerdict.NotTranslated + 1;

    /// <summary>Whether the flow is to be deleted.</summary>
    public static bool IsStale(this FlowVerdict verdict) => verdict >= FlowVerdict.EndpointGone;
}

namespace KubeProxySharp.Conntrack.Stale;

/// <summary>Whether a flow is stale, and why.</summary>
public enum FlowVerdict
{
    /// <summary>Its destination is no frontend, or its protocol is not checked.</summary>
    Foreign,

    /// <summary>It goes to a valid endpoint, or is harmless.</summary>
    Healthy,

    /// <summary>Stale: its endpoint left the service port, or (UDP) stopped serving; there are others.</summary>
    EndpointGone,

    /// <summary>Stale: it goes to an endpoint, but its service port no longer has any.</summary>
    NoEndpoints,

    /// <summary>Stale: it goes to an endpoint through a frontend that no Service claims any longer.</summary>
    ServiceGone,

    /// <summary>Stale: it began before the rules of its frontend, which now has endpoints, and its destination is not translated.</summary>
    NotTranslated,
}

/// <summary>Properties of <see cref="FlowVerdict"/>.</summary>
public static class FlowVerdicts
{
    /// <summary>Number of verdicts; their values are 0 to one less.</summary>
    public const int Count = (int)FlowVerdict.NotTranslated + 1;

    /// <summary>Whether the flow is to be deleted.</summary>
    public static bool IsStale(this FlowVerdict verdict) => verdict >= FlowVerdict.EndpointGone;
}

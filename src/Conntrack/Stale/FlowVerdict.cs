namespace KubeProxySharp.Conntrack.Stale;

/// <summary>Whether a flow is stale, and why.</summary>
public enum FlowVerdict
{
    /// <summary>It dials no frontend of ours, or is of a protocol that is not looked at.</summary>
    Foreign,

    /// <summary>It goes where it may go, or does no harm.</summary>
    Healthy,

    /// <summary>Stale: its endpoint left the service port, or (UDP) stopped serving; others are there.</summary>
    EndpointGone,

    /// <summary>Stale: it goes to an endpoint, but its service port has none any more.</summary>
    NoEndpoints,

    /// <summary>Stale: it goes to an endpoint through a frontend that no Service claims any more.</summary>
    ServiceGone,

    /// <summary>Stale: it began before the rules of its frontend, which now has endpoints, and is sent nowhere.</summary>
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

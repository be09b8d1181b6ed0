namespace KubeProxySharp.FakeApi.Faults;

/// <summary>The kinds of outages of the whole server.</summary>
public enum OutageKind
{
    /// <summary>Nothing listens: connections are refused.</summary>
    Refused,

    /// <summary>Connections are accepted and closed at once, as by a load balancer without a back end.</summary>
    AcceptsAndCloses,

    /// <summary>Connections stay and new ones are accepted, but no byte is transferred.</summary>
    Hangs,

    /// <summary>Connections are dropped; each request is answered with 503, probes included.</summary>
    Unavailable,

    /// <summary>Connections are dropped; each request is answered with 429 as text, probes included.</summary>
    TooManyRequests,
}

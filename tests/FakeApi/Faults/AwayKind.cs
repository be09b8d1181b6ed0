namespace KubeProxySharp.FakeApi.Faults;

/// <summary>How a server is away as a whole.</summary>
public enum AwayKind
{
    /// <summary>Nothing listens: connects are refused.</summary>
    Refused,

    /// <summary>Something listens, takes connections and closes them, as a load balancer without a server behind it.</summary>
    AcceptsAndCloses,

    /// <summary>Connections stay and new ones are taken, but no byte goes in or out.</summary>
    Hangs,

    /// <summary>Connections were torn off; each request is answered 503, the probes included.</summary>
    Unavailable,

    /// <summary>Connections were torn off; each request is answered 429 as text, the probes included.</summary>
    TooManyRequests,
}

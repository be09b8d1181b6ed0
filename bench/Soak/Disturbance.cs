namespace KubeProxySharp.Soak;

/// <summary>What can be wrong on purpose.</summary>
internal enum Disturbance
{
    /// <summary>The API server is away, or the agent has not caught up yet.</summary>
    ApiAway,

    /// <summary>Rules were damaged and are not repaired yet.</summary>
    Drift,
}

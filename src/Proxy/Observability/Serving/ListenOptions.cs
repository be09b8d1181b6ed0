namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>A port that is to stay open.</summary>
internal sealed record ListenOptions
{
    /// <summary>What it serves, for the log: such as <c>health</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Where to listen.</summary>
    public required ListenPoint Point { get; init; }

    /// <summary>What its clients may cost.</summary>
    public ConnectionLimits Limits { get; init; } = HttpLimits.Health;

    /// <summary>Whether a failure ends the process (<c>bindAddressHardFail</c>) instead of being tried again.</summary>
    public bool IsFailureFinal { get; init; }

    /// <summary>Called with each failure in words, for an Event on the Node (spec 12.6).</summary>
    public Action<string> Failed { get; init; } = static _ => { };
}

using KubeProxySharp.Proxy.Configuration;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>What the pages of the metrics server show.</summary>
internal sealed record MetricsServerOptions
{
    /// <summary>The effective configuration, with defaults and flags in it, and "primary" not yet resolved.</summary>
    public required KubeProxyConfiguration Configuration { get; init; }

    /// <summary>All flags with their values, ordered by name, for <c>/flagz</c>; without secrets.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Flags { get; init; } = [];
}

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>What is fixed about a metric.</summary>
/// <param name="Name">The full name.</param>
/// <param name="Help">What it says, in one line, without the stability.</param>
internal sealed record MetricDefinition(string Name, string Help)
{
    /// <summary>The label that tells address families apart: <c>IPv4</c> or <c>IPv6</c>.</summary>
    public const string Family = "ip_family";

    /// <summary>The label names, ordered; updates give the values in the same order.</summary>
    public string[] Labels { get; init; } = [];

    /// <summary>The promise about it.</summary>
    public MetricStability Stability { get; init; }

    /// <summary>Upper bounds of the buckets, ascending and without +Inf; empty unless it is a histogram.</summary>
    public double[] Buckets { get; init; } = [];

    /// <summary>The help text as exported.</summary>
    public string FullHelp => Stability == MetricStability.None ? Help : $"[{StabilityName}] {Help}";

    /// <summary>The stability in capitals; empty for <see cref="MetricStability.None"/>.</summary>
    public string StabilityName => Stability switch
    {
        MetricStability.Alpha => "ALPHA",
        MetricStability.Beta => "BETA",
        MetricStability.Stable => "STABLE",
        _ => "",
    };

    /// <summary>A metric of kube-proxy: prefix <c>kubeproxy_</c>, alpha (spec 10.1).</summary>
    public static MetricDefinition OfKubeProxy(string name, string help, params string[] labels) =>
        new("kubeproxy_" + name, help) { Labels = labels, Stability = MetricStability.Alpha };

    /// <summary>A metric that only this program has: prefix <c>kubeproxysharp_</c>.</summary>
    public static MetricDefinition Own(string name, string help, params string[] labels) =>
        new("kubeproxysharp_" + name, help) { Labels = labels };

    /// <summary>The same, as a histogram with buckets.</summary>
    public MetricDefinition WithBuckets(double[] bounds) => this with { Buckets = bounds };
}

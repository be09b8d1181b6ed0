namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The definition of a metric.</summary>
/// <param name="Name">The full name.</param>
/// <param name="Help">The description, in one line, without the stability.</param>
internal sealed record MetricDefinition(string Name, string Help)
{
    /// <summary>The label of the address family: <c>IPv4</c> or <c>IPv6</c>.</summary>
    public const string Family = "ip_family";

    /// <summary>The label names, ordered; updates give the values in the same order.</summary>
    public string[] Labels { get; init; } = [];

    /// <summary>The stability level.</summary>
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

/// <summary>The stability level of a metric of Kubernetes; its name in brackets begins the help text (spec 10.1).</summary>
internal enum MetricStability
{
    /// <summary>Not a metric of Kubernetes.</summary>
    None,

    /// <summary>May change with every release.</summary>
    Alpha,

    /// <summary>Keeps its name and type.</summary>
    Beta,

    /// <summary>Keeps its name, type and labels.</summary>
    Stable,
}

/// <summary>The bucket sets of spec 10.1 and 10.2.</summary>
internal static class BucketBounds
{
    /// <summary>B1: 0.001 s doubled 14 times, up to 16.384 s.</summary>
    public static double[] Sync { get; } = [.. Enumerable.Range(0, 15).Select(static power => 1.0 * (1 << power) / 1000)];

    /// <summary>B2: 0.25 s to 300 s, finest below a minute.</summary>
    public static double[] NetworkProgramming { get; } =
    [
        0.25, 0.5,
        .. Enumerable.Range(1, 59).Select(static second => (double)second),
        .. Enumerable.Range(0, 12).Select(static step => 60.0 + (5 * step)),
        .. Enumerable.Range(0, 7).Select(static step => 120.0 + (30 * step)),
    ];

    /// <summary>Durations of requests to the API server, in seconds.</summary>
    public static double[] Request { get; } = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60];

    /// <summary>Sizes of requests and responses, in bytes.</summary>
    public static double[] Size { get; } = [64, 256, 512, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216];
}

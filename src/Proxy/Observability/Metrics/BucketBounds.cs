namespace KubeProxySharp.Proxy.Observability.Metrics;

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

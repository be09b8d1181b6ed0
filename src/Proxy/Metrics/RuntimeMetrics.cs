using System.Diagnostics.Metrics;
using System.Globalization;

namespace KubeProxySharp.Proxy.Metrics;

/// <summary>The .NET runtime's memory, in place of Go's <c>go_*</c>.</summary>
internal static class RuntimeMetrics
{
    /// <summary>Registers the metrics; they are read when scraped.</summary>
    public static void Register(MetricRegistry registry)
    {
        registry.ReadCounter(MetricDefinition.Own("dotnet_gc_collections_total", "Garbage collections by the oldest generation collected.", "generation"), Collections);
        registry.ReadCounter(
            MetricDefinition.Own("dotnet_gc_pause_seconds_total", "Time the program stood still for garbage collections, in seconds."),
            static () => [new(GC.GetTotalPauseDuration().TotalSeconds)]);
        registry.ReadCounter(
            MetricDefinition.Own("dotnet_allocated_bytes_total", "Bytes allocated since the start."),
            static () => [new(GC.GetTotalAllocatedBytes())]);
        registry.ReadGauge(
            MetricDefinition.Own("dotnet_heap_bytes", "Bytes in use on the managed heap, garbage not yet collected included."),
            static () => [new(GC.GetTotalMemory(forceFullCollection: false))]);
        registry.ReadGauge(
            MetricDefinition.Own("dotnet_heap_committed_bytes", "Bytes that the garbage collector had taken from the system at the last collection."),
            static () => [new(GC.GetGCMemoryInfo().TotalCommittedBytes)]);
        registry.ReadGauge(
            MetricDefinition.Own("dotnet_threads", "Threads of the thread pool."),
            static () => [new(ThreadPool.ThreadCount)]);
    }

    // CollectionCount(n) includes the collections of older generations.
    private static IEnumerable<Measurement<double>> Collections()
    {
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            int older = generation == GC.MaxGeneration ? 0 : GC.CollectionCount(generation + 1);
            yield return new(
                GC.CollectionCount(generation) - older,
                new KeyValuePair<string, object?>("generation", generation.ToString(CultureInfo.InvariantCulture)));
        }
    }
}

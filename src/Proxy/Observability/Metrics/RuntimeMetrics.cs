using System.Globalization;
using Prometheus;

namespace KubeProxySharp.Proxy.Observability.Metrics;

/// <summary>The .NET runtime's memory, in place of Go's <c>go_*</c>.</summary>
internal static class RuntimeMetrics
{
    /// <summary>Registers the metrics; they are read when scraped.</summary>
    public static void Register(MetricsPage page)
    {
        Counter collections = page.Counter(
            MetricDefinition.Own("dotnet_gc_collections_total", "Garbage collections by the oldest generation collected.", "generation"));
        Counter.Child[] generations =
            [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(generation => collections.WithLabels(generation.ToString(CultureInfo.InvariantCulture)))];
        page.BeforeScrape(() => CountCollections(generations));
        page.ReadCounter(
            MetricDefinition.Own("dotnet_gc_pause_seconds_total", "Time the program stood still for garbage collections, in seconds."),
            static () => GC.GetTotalPauseDuration().TotalSeconds);
        page.ReadCounter(
            MetricDefinition.Own("dotnet_allocated_bytes_total", "Bytes allocated since the start."),
            static () => GC.GetTotalAllocatedBytes());
        page.ReadGauge(
            MetricDefinition.Own("dotnet_heap_bytes", "Bytes in use on the managed heap, garbage not yet collected included."),
            static () => GC.GetTotalMemory(forceFullCollection: false));
        page.ReadGauge(
            MetricDefinition.Own("dotnet_heap_committed_bytes", "Bytes that the garbage collector had taken from the system at the last collection."),
            static () => GC.GetGCMemoryInfo().TotalCommittedBytes);
        page.ReadGauge(
            MetricDefinition.Own("dotnet_threads", "Threads of the thread pool."),
            static () => ThreadPool.ThreadCount);
    }

    // CollectionCount(n) includes the collections of older generations.
    private static void CountCollections(Counter.Child[] generations)
    {
        for (int generation = 0; generation < generations.Length; generation++)
        {
            int older = generation == GC.MaxGeneration ? 0 : GC.CollectionCount(generation + 1);
            generations[generation].IncTo(GC.CollectionCount(generation) - older);
        }
    }
}

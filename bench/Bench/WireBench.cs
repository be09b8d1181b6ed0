using System.Globalization;
using KubeProxySharp.Kubernetes;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Bench;

/// <summary>
/// Reads a list of EndpointSlices as a cluster has them, from memory: through the whole reflector, with the reader alone,
/// both into the rule model's types, and beside them with Google.Protobuf into its own messages.
/// </summary>
internal static class WireBench
{
    private const int Rounds = 7;

    /// <summary>Prints the best of some rounds. Processor time is counted, so that a busy machine does not matter much.</summary>
    public static async Task RunAsync(int slices, int endpoints, TextWriter output)
    {
        byte[] body = WireBodies.EndpointSliceWatch(slices, endpoints);
        double best = double.MaxValue;
        long allocated = 0;
        (double generatedBest, long generatedAllocated) = await MeasureAsync(() => Task.FromResult(GeneratedDecoder.Read(body).Count), slices);
        (double readerBest, long readerAllocated) = await MeasureAsync(() => ReadAloneAsync(body), slices);
        for (int round = 0; round < Rounds; round++)
        {
            CountingSink sink = new();
            using MemoryHandler handler = new(body);
            using ApiConnection connection = new(
                new("https://bench.example"), handler, stopped => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, stopped));
            ApiClient client = new(connection, new ApiClientOptions(), handler, TimeProvider.System, NullLogger<ApiClient>.Instance);
            using CancellationTokenSource stop = new();
            Reflector<EndpointSlice> reflector =
                new(client, ApiResources.EndpointSlices, sink, NullLogger<Reflector<EndpointSlice>>.Instance, new Random(round));
            GC.Collect();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            TimeSpan start = Environment.CpuUsage.TotalTime;
            Task run = reflector.RunAsync(stop.Token);
            await sink.Done;
            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalMilliseconds);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
            await stop.CancelAsync();
            await run.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            {slices} slices x {endpoints} endpoints: {body.Length:N0} bytes
            reflector        {best,7:F1} ms of processor time {allocated,12:N0} bytes allocated
            reader alone     {readerBest,7:F1} ms of processor time {readerAllocated,12:N0} bytes allocated
            Google.Protobuf  {generatedBest,7:F1} ms of processor time {generatedAllocated,12:N0} bytes allocated
            ratio to reader  {generatedBest / readerBest,7:F1}                      {(double)generatedAllocated / readerAllocated,12:F1}
            """));
    }

    private static async Task<int> ReadAloneAsync(byte[] body)
    {
        List<EndpointSlice> slices = [];
        Utf8StringPool pool = new();
        NameTable names = new(pool);
        ProtobufWatchStream<EndpointSlice> stream = new(
            new BufferedBody(new MemoryStream(body, writable: false)), ApiResources.EndpointSlices.ExpectedKind, new EndpointSliceWireDecoder(pool), names);
        using (stream)
        {
            while (await stream.NextAsync(CancellationToken.None) is { } next)
            {
                if (next.Value is { } slice)
                {
                    names.Mark(next.Name);
                    slices.Add(slice);
                }
            }
        }

        return slices.Count;
    }

    private static async Task<(double Milliseconds, long Allocated)> MeasureAsync(Func<Task<int>> read, int slices)
    {
        double best = double.MaxValue;
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            GC.Collect();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            TimeSpan start = Environment.CpuUsage.TotalTime;
            if (await read() != slices)
            {
                throw new InvalidOperationException("not all slices were read");
            }

            best = Math.Min(best, (Environment.CpuUsage.TotalTime - start).TotalMilliseconds);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        return (best, allocated);
    }

    private sealed class CountingSink : IResourceSink<EndpointSlice>
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<EndpointSlice> _kept = [];

        public Task Done => _done.Task;

        public void Put(EndpointSlice value) => _kept.Add(value);

        public void Remove(NamespacedName name)
        {
        }

        public void Listed() => _done.TrySetResult();
    }

    private sealed class MemoryHandler(byte[] body) : HttpMessageHandler, IApiObserver
    {
        public void OnRequest(in ApiRequestReport report)
        {
        }

        public void OnResourceVersion(string resource, string resourceVersion)
        {
        }

        public void OnProblem(string resource, string? problem)
        {
        }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            HttpResponseMessage response = new() { Content = new StreamContent(new MemoryStream(body, writable: false)) };
            response.Content.Headers.TryAddWithoutValidation("Content-Type", "application/vnd.kubernetes.protobuf;stream=watch");
            return Task.FromResult(response);
        }
    }
}

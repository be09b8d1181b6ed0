using System.Globalization;
using KubeProxySharp.Kubernetes.Api;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Bench;

/// <summary>
/// Reads a list of EndpointSlices as a cluster has them, from memory: through the whole reflector into the rule model's
/// types, and beside it with Google.Protobuf into its own messages.
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
        (double generatedBest, long generatedAllocated) = RunGenerated(body, slices);
        for (int round = 0; round < Rounds; round++)
        {
            CountingSink sink = new();
            using MemoryHandler handler = new(body);
            ApiClient client = new(handler, new ApiClientOptions(), handler, TimeProvider.System, NullLogger<ApiClient>.Instance);
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
            Google.Protobuf  {generatedBest,7:F1} ms of processor time {generatedAllocated,12:N0} bytes allocated
            ratio            {generatedBest / best,7:F1}                      {(double)generatedAllocated / allocated,12:F1}
            """));
    }

    private static (double Milliseconds, long Allocated) RunGenerated(byte[] body, int slices)
    {
        double best = double.MaxValue;
        long allocated = 0;
        for (int round = 0; round < Rounds; round++)
        {
            GC.Collect();
            long before = GC.GetTotalAllocatedBytes(precise: true);
            TimeSpan start = Environment.CpuUsage.TotalTime;
            if (GeneratedDecoder.Read(body).Count != slices)
            {
                throw new InvalidOperationException("Google.Protobuf did not read all slices");
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

    private sealed class MemoryHandler(byte[] body) : HttpMessageHandler, IApiConnection, IApiObserver
    {
        private HttpClient? _http;

        public Uri Server { get; } = new("https://bench.example");

        public HttpClient Http => _http ??= new HttpClient(this, disposeHandler: false);

        public bool AllowsCompression => false;

        public void OnUnauthorized()
        {
        }

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

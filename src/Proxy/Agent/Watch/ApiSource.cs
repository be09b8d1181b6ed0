using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Watch;

/// <summary>Feeds the agent from an API server, and writes its Events there.</summary>
internal sealed class ApiSource : IDisposable
{
    /// <summary>The rate limit that kube-proxy's client sets for Events (spec 13.3).</summary>
    private const int EventBurst = 10;
    private const double EventsPerSecond = 5;

    private readonly ApiConnection _connection;
    private readonly ApiClient _client;
    private readonly ILoggerFactory _logs;

    /// <summary>Prepares the source; nothing is sent yet.</summary>
    /// <param name="connection">The connection, disposed with this.</param>
    /// <param name="options">The headers of every request.</param>
    /// <param name="reporter">The component and instance that Events name as their reporter.</param>
    /// <param name="observer">Receives reports of requests, watches and problems.</param>
    /// <param name="logs">The log.</param>
    /// <param name="time">The clock.</param>
    public ApiSource(ApiConnection connection, ApiClientOptions options, EventReporter reporter, IApiObserver observer, ILoggerFactory logs, TimeProvider time)
    {
        _connection = connection;
        _logs = logs;
        _client = new(connection, options, observer, time, logs.CreateLogger<ApiClient>());
        Events = new(_client, reporter, EventsPerSecond, EventBurst, Random.Shared, logs.CreateLogger<EventWriter>());
    }

    /// <summary>Writes Events to the API server.</summary>
    public EventWriter Events { get; }

    /// <summary>Watches the Node until cancelled. The other watches start later, because their consumer needs the Node first.</summary>
    public Task WatchNodeAsync(string name, IResourceSink<Node> sink, CancellationToken cancellation) => Watch(ApiResources.Node(name), sink, cancellation);

    /// <summary>Watches the Services and what belongs to them until cancelled.</summary>
    public Task WatchAsync(ClusterFeed feed, CancellationToken cancellation) => Task.WhenAll(
        Watch(ApiResources.Services, feed.Services, cancellation),
        Watch(ApiResources.EndpointSlices, feed.EndpointSlices, cancellation),
        Watch(ApiResources.ServiceCidrs, feed.ServiceCidrs, cancellation));

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private Task Watch<T>(ApiResource<T> resource, IResourceSink<T> sink, CancellationToken cancellation)
        where T : class
    {
        Reflector<T> reflector = new(_client, resource, sink, _logs.CreateLogger<Reflector<T>>(), Random.Shared);

        // On a pool thread: decoding a large list must not block the caller.
        return Task.Run(() => reflector.RunAsync(cancellation), cancellation);
    }
}

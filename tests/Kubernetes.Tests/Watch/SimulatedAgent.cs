using System.Collections.Concurrent;
using KubeProxySharp.FakeApi;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Tests.Connection;
using KubeProxySharp.Kubernetes.Watch;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Kubernetes.Tests.Watch;

/// <summary>What an agent has between the API server and its rules: a connection, reflectors, and a state that they keep up to date.</summary>
internal sealed class SimulatedAgent : IApiObserver, IResourceSink<Service>, IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _services = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _problems = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly ApiConnection _connection;
    private readonly Task _run;

    public SimulatedAgent(ApiConnection connection)
    {
        _connection = connection;
        ApiClient client = new(connection, new ApiClientOptions(), this, TimeProvider.System, NullLogger<ApiClient>.Instance);
        _run = Task.WhenAll(
            new Reflector<Service>(client, ApiResources.Services, this, NullLogger<Reflector<Service>>.Instance, Random.Shared).RunAsync(_stop.Token),
            new Reflector<EndpointSlice>(client, ApiResources.EndpointSlices, new NullSink(), NullLogger<Reflector<EndpointSlice>>.Instance, Random.Shared)
                .RunAsync(_stop.Token));
    }

    /// <summary>What it thinks that there is: names and addresses, in order.</summary>
    public string State => string.Join(' ', _services.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}"));

    public IReadOnlyCollection<string> Problems => _problems;

    /// <summary>Connects to a fake server.</summary>
    /// <param name="server">The server.</param>
    /// <param name="folder">Where its kubeconfig is to be.</param>
    public static SimulatedAgent Start(FakeApiServer server, ConnectionBench folder) => new(ApiConnection.FromKubeconfig(
        folder.Write("kubeconfig", server.Kubeconfig()), "", new ConnectionSettings { QueriesPerSecond = -1 }));

    public void Put(Service value) => _services[value.Name.Name] = value.ClusterIPs[0].ToString();

    public void Remove(NamespacedName name) => _services.TryRemove(name.Name, out _);

    public void Listed()
    {
        // The state says it all.
    }

    public void OnRequest(in ApiRequestReport report)
    {
        // The server counts.
    }

    public void OnResourceVersion(string resource, string resourceVersion)
    {
        // The state says it all.
    }

    public void OnProblem(string resource, string? problem)
    {
        if (problem is not null)
        {
            _problems.Enqueue(problem);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run.Awaiting(run => run).Should().ThrowAsync<OperationCanceledException>();
        _stop.Dispose();
        _connection.Dispose();
    }

    private sealed class NullSink : IResourceSink<EndpointSlice>
    {
        public void Put(EndpointSlice value)
        {
            // Only its watch is wanted.
        }

        public void Remove(NamespacedName name)
        {
            // Only its watch is wanted.
        }

        public void Listed()
        {
            // Only its watch is wanted.
        }
    }
}

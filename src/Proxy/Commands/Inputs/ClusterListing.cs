using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Kubernetes.Manifests;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging.Abstractions;

namespace KubeProxySharp.Proxy.Commands.Inputs;

/// <summary>Lists once what the agent would watch, within a time limit.</summary>
/// <param name="time">The clock.</param>
internal sealed class ClusterListing(TimeProvider time) : IApiObserver
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    /// <summary>Servers before 1.33 have no ServiceCIDRs, so nothing waits long for them.</summary>
    private static readonly TimeSpan s_forServiceCidrs = TimeSpan.FromSeconds(2);

    private volatile string _problem = "it did not answer";

    /// <summary>Lists.</summary>
    /// <param name="kubeconfig">How to reach the server; empty for the service account of the pod.</param>
    /// <param name="nodeName">The node.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <exception cref="InputException">The server did not deliver everything in time.</exception>
    /// <exception cref="ConnectionException">What was given cannot be used.</exception>
    public async Task<ManifestObjects> ReadAsync(string kubeconfig, string nodeName, CancellationToken cancellation)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using ApiConnection connection = ApiConnection.Open(kubeconfig, "", new ConnectionSettings { QueriesPerSecond = 50, Burst = 50, TimeProvider = time });
        using ApiSource source = new(connection, new() { UserAgent = "kube-proxy-sharp verify" }, new EventReporter("kube-proxy-sharp", "verify"), this, NullLoggerFactory.Instance, time);
        WakeSignal wake = new(time);
        ClusterFeed feed = new(wake.Set, static _ => { }, static () => { });
        Task watching = Task.WhenAll(source.WatchNodeAsync(nodeName, feed.Nodes, end.Token), source.WatchAsync(feed, end.Token));
        try
        {
            await WaitAsync(feed, wake, cancellation);
            return Take(feed);
        }
        finally
        {
            await end.CancelAsync();
            await Task.WhenAny(watching);
        }
    }

    /// <inheritdoc/>
    public void OnRequest(in ApiRequestReport report)
    {
        // Nobody counts requests here.
    }

    /// <inheritdoc/>
    public void OnResourceVersion(string resource, string resourceVersion)
    {
        // The first listing is all that is wanted.
    }

    /// <inheritdoc/>
    public void OnProblem(string resource, string? problem) => _problem = problem is null ? _problem : $"{resource}: {problem}";

    private async Task WaitAsync(ClusterFeed feed, WakeSignal wake, CancellationToken cancellation)
    {
        long start = time.GetTimestamp();
        while (!feed.IsListed)
        {
            TimeSpan left = s_limit - time.GetElapsedTime(start);
            if (left <= TimeSpan.Zero)
            {
                throw new InputException($"the API server did not list everything within {s_limit.TotalSeconds:0} s: {_problem}");
            }

            await wake.WaitAsync(left, cancellation);
        }

        start = time.GetTimestamp();
        while (!feed.ServiceCidrs.IsListed && time.GetElapsedTime(start) < s_forServiceCidrs)
        {
            await wake.WaitAsync(s_forServiceCidrs, cancellation);
        }
    }

    private static ManifestObjects Take(ClusterFeed feed)
    {
        ManifestObjects objects = new();
        Take(feed.Services, objects.Services, static name => name);
        Take(feed.EndpointSlices, objects.EndpointSlices, static name => name);
        Take(feed.Nodes, objects.Nodes, static name => name.Name);
        Take(feed.ServiceCidrs, objects.ServiceCidrs, static name => name.Name);
        return objects;
    }

    private static void Take<TKey, T>(PendingObjects<T> pending, Dictionary<TKey, T> objects, Func<NamespacedName, TKey> keyOf)
        where TKey : notnull
        where T : class
    {
        foreach ((NamespacedName name, T? value) in pending.Take())
        {
            if (value is not null)
            {
                objects[keyOf(name)] = value;
            }
        }
    }
}

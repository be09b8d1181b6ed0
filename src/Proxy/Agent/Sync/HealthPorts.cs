using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// Keeps the health-check node ports as the last sync wants them, on a task of its own: opening a port must not hold up
/// rules. Only the latest wish counts. Ports that could not be opened are tried again without a sync.
/// </summary>
internal sealed class HealthPorts
{
    private readonly IReadOnlyDictionary<IpFamily, ServiceHealthServer> _servers;
    private readonly Lock _gate = new();
    private readonly WakeSignal _wake;
    private readonly Dictionary<IpFamily, Wish> _wanted = [];

    /// <summary>Takes charge of the servers.</summary>
    /// <param name="servers">The servers by family.</param>
    /// <param name="time">The clock.</param>
    public HealthPorts(IReadOnlyDictionary<IpFamily, ServiceHealthServer> servers, TimeProvider time)
    {
        _servers = servers;
        _wake = new(time);
        foreach (ServiceHealthServer server in servers.Values)
        {
            server.ListenerEnded = _wake.Set;
        }
    }

    /// <summary>Says what a family wants after a successful sync.</summary>
    /// <param name="family">The family.</param>
    /// <param name="services">All its Services with a health-check node port.</param>
    /// <param name="addresses">The addresses that its rules answer node ports on.</param>
    public void Update(IpFamily family, IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> services, NodePortAddresses addresses)
    {
        lock (_gate)
        {
            _wanted[family] = new(new Dictionary<NamespacedName, ServiceHealthCheck>(services), addresses);
        }

        _wake.Set();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _wake.WaitAsync(_servers.Values.Min(static server => server.UntilRetry) ?? Timeout.InfiniteTimeSpan, cancellation);
            foreach ((IpFamily family, ServiceHealthServer server) in _servers)
            {
                Wish? wish;
                lock (_gate)
                {
                    _wanted.Remove(family, out wish);
                }

                try
                {
                    await (wish is null ? server.RetryAsync() : server.ReconcileAsync(wish.Services, wish.Addresses));
                }
                catch when (wish is not null)
                {
                    PutBack(family, wish);
                    throw;
                }
            }
        }
    }

    /// <summary>Whoever runs this again finds what was not done, unless a later sync wants something else.</summary>
    private void PutBack(IpFamily family, Wish wish)
    {
        lock (_gate)
        {
            _wanted.TryAdd(family, wish);
        }

        _wake.Set();
    }

    private sealed record Wish(IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> Services, NodePortAddresses Addresses);
}

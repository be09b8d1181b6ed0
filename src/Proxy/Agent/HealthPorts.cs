using KubeProxySharp.Proxy.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>
/// Keeps the health-check node ports as the last sync wants them, on a task of its own: opening a port must not hold up
/// rules. Only the latest wish counts.
/// </summary>
/// <param name="servers">The servers by family.</param>
/// <param name="time">The clock.</param>
internal sealed class HealthPorts(IReadOnlyDictionary<IpFamily, ServiceHealthServer> servers, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly WakeSignal _wake = new(time);
    private readonly Dictionary<IpFamily, IReadOnlyDictionary<NamespacedName, ServiceHealthCheck>> _wanted = [];

    /// <summary>Says what a family wants after a successful sync.</summary>
    public void Update(IpFamily family, IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> wanted)
    {
        lock (_gate)
        {
            _wanted[family] = new Dictionary<NamespacedName, ServiceHealthCheck>(wanted);
        }

        _wake.Set();
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (true)
        {
            await _wake.WaitAsync(Timeout.InfiniteTimeSpan, cancellation);
            foreach ((IpFamily family, ServiceHealthServer server) in servers)
            {
                IReadOnlyDictionary<NamespacedName, ServiceHealthCheck>? wanted;
                lock (_gate)
                {
                    _wanted.Remove(family, out wanted);
                }

                if (wanted is not null)
                {
                    await server.ReconcileAsync(wanted);
                }
            }
        }
    }
}

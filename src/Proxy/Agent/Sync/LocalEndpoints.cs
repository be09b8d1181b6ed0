using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// What load balancers and metrics want to know of a family's local endpoints, kept up to date at the cost of the Services
/// that changed.
/// </summary>
internal sealed class LocalEndpoints
{
    private readonly Dictionary<NamespacedName, (int Internal, int External)> _shortages = [];
    private readonly Dictionary<NamespacedName, ServiceHealthCheck> _healthChecks = [];

    /// <summary>Number of service ports of internal policy Local that have endpoints, but none here.</summary>
    public int WithoutInternal { get; private set; }

    /// <summary>Number of service ports of external policy Local that have endpoints, but none here.</summary>
    public int WithoutExternal { get; private set; }

    /// <summary>The Services with a health-check node port.</summary>
    public IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> HealthChecks => _healthChecks;

    /// <summary>Takes a snapshot over.</summary>
    /// <param name="rules">The snapshot.</param>
    /// <param name="services">The Services that may differ from the last one; null for all.</param>
    public void Update(FamilyRules rules, IReadOnlyCollection<NamespacedName>? services)
    {
        if (services is null)
        {
            _shortages.Clear();
            _healthChecks.Clear();
            WithoutInternal = 0;
            WithoutExternal = 0;
            foreach ((NamespacedName name, ServiceRules service) in rules.Services)
            {
                Note(name, service);
            }

            return;
        }

        foreach (NamespacedName name in services)
        {
            Forget(name);
            if (rules.Services.TryGetValue(name, out ServiceRules? service))
            {
                Note(name, service);
            }
        }
    }

    private void Forget(NamespacedName name)
    {
        _healthChecks.Remove(name);
        if (_shortages.Remove(name, out (int Internal, int External) shortage))
        {
            WithoutInternal -= shortage.Internal;
            WithoutExternal -= shortage.External;
        }
    }

    private void Note(NamespacedName name, ServiceRules service)
    {
        if (service.HealthCheckNodePort != 0)
        {
            _healthChecks[name] = new(service.HealthCheckNodePort, service.LocalReadyCount);
        }

        (int Internal, int External) shortage = (service.CountWithoutLocalEndpoints(isInternal: true), service.CountWithoutLocalEndpoints(isInternal: false));
        if (shortage != (0, 0))
        {
            _shortages[name] = shortage;
            WithoutInternal += shortage.Internal;
            WithoutExternal += shortage.External;
        }
    }
}

using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Agent.Sync;

/// <summary>
/// What load balancers and metrics want to know of a family's local endpoints, kept up to date at the cost of the Services
/// that changed. An endpoint counts if the rules in the kernel lead to it and the cluster still has it: not one whose rules
/// were refused, nor one that is gone while its rules could not be removed.
/// </summary>
internal sealed class LocalEndpoints
{
    /// <summary>The number of ports from which on those of Services that are gone are forgotten.</summary>
    private const int ManyPorts = 4096;

    private readonly Dictionary<NamespacedName, (int Internal, int External)> _shortages = [];
    private readonly Dictionary<NamespacedName, ServiceHealthCheck> _healthChecks = [];
    private readonly Dictionary<NamespacedName, int> _knownPorts = [];
    private HashSet<NamespacedName> _refused = [];
    private FamilyRules? _written;

    /// <summary>Number of service ports of internal policy Local that have endpoints, but none here.</summary>
    public int WithoutInternal { get; private set; }

    /// <summary>Number of service ports of external policy Local that have endpoints, but none here.</summary>
    public int WithoutExternal { get; private set; }

    /// <summary>The Services with a health-check node port.</summary>
    public IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> HealthChecks => _healthChecks;

    /// <summary>The addresses that answer node ports: those of the rules in the kernel, else those of the first rules that failed; null before.</summary>
    public NodePortAddresses? NodePortAddresses { get; private set; }

    /// <summary>Takes over a snapshot that the kernel has.</summary>
    /// <param name="rules">The snapshot.</param>
    /// <param name="services">The Services that may differ from the last one; null for all.</param>
    public void Update(FamilyRules rules, IReadOnlyCollection<NamespacedName>? services)
    {
        _written = rules;
        NodePortAddresses = rules.Settings.NodePortAddresses;
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
        }
        else
        {
            foreach (NamespacedName name in services)
            {
                Forget(name);
                if (rules.Services.TryGetValue(name, out ServiceRules? service))
                {
                    Note(name, service);
                }
            }
        }

        AddRefused();
    }

    /// <summary>Takes over a snapshot that could not be written: Services whose rules the kernel does not have get 0 local endpoints.</summary>
    /// <param name="wanted">The snapshot.</param>
    /// <param name="services">The Services that were to be written; null for all.</param>
    public void Failed(FamilyRules wanted, IReadOnlyCollection<NamespacedName>? services)
    {
        NodePortAddresses ??= wanted.Settings.NodePortAddresses;
        foreach (NamespacedName name in services ?? wanted.Services.Keys)
        {
            if (wanted.Services.TryGetValue(name, out ServiceRules? service) && service.HealthCheckNodePort != 0)
            {
                ServiceRules? written = _written?.Services.GetValueOrDefault(name);
                _knownPorts[name] = service.HealthCheckNodePort;
                _healthChecks[name] = new(service.HealthCheckNodePort, written is null ? 0 : CountCommon(written, service));
            }
        }
    }

    /// <summary>Adds a Service that the kernel refuses. Its port stays open, so that a load balancer gets an answer.</summary>
    public void Refused(NamespacedName service) => _refused.Add(service);

    /// <summary>Sets the Services that the kernel refuses.</summary>
    public void SetRefused(IReadOnlyCollection<NamespacedName> services)
    {
        HashSet<NamespacedName> before = _refused;
        _refused = [.. services];
        foreach (NamespacedName name in before)
        {
            if (!_refused.Contains(name) && _written?.Services.ContainsKey(name) != true)
            {
                _healthChecks.Remove(name);
            }
        }

        AddRefused();
    }

    private void AddRefused()
    {
        foreach (NamespacedName name in _refused)
        {
            if (_knownPorts.TryGetValue(name, out int port))
            {
                _healthChecks[name] = new(port, 0);
            }
        }

        if (_knownPorts.Count > ManyPorts)
        {
            foreach (NamespacedName gone in _knownPorts.Keys.Where(name => !_healthChecks.ContainsKey(name)).ToArray())
            {
                _knownPorts.Remove(gone);
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
            _knownPorts[name] = service.HealthCheckNodePort;
        }

        (int Internal, int External) shortage = (service.CountWithoutLocalEndpoints(isInternal: true), service.CountWithoutLocalEndpoints(isInternal: false));
        if (shortage != (0, 0))
        {
            _shortages[name] = shortage;
            WithoutInternal += shortage.Internal;
            WithoutExternal += shortage.External;
        }
    }

    private static int CountCommon(ServiceRules written, ServiceRules wanted)
    {
        HashSet<IpAddress> common = LocalReady(written);
        common.IntersectWith(LocalReady(wanted));
        return common.Count;
    }

    private static HashSet<IpAddress> LocalReady(ServiceRules service)
    {
        HashSet<IpAddress> addresses = [];
        foreach (ServicePortRules port in service.Ports)
        {
            foreach (Endpoint endpoint in port.Endpoints.All)
            {
                if (endpoint.IsLocal && endpoint.IsReady)
                {
                    addresses.Add(endpoint.Target.Address);
                }
            }
        }

        return addresses;
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Serving;

/// <summary>
/// Health check node ports of one family (spec 9.2): what load balancers ask to learn whether this node has endpoints of a
/// Service. Called by the sync loop after each successful sync, one call at a time; requests are answered meanwhile.
/// </summary>
/// <param name="host">The HTTP host.</param>
/// <param name="options">What holds for all Services.</param>
/// <param name="logger">The log.</param>
internal sealed class ServiceHealthServer(HttpHost host, ServiceHealthOptions options, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<NamespacedName, ServiceHealthInstance> _instances = [];

    /// <summary>
    /// Opens and closes ports until they are those of the Services given, and sets the counts. A Service whose port cannot
    /// be opened is reported, and tried again by the next call.
    /// </summary>
    /// <param name="wanted">All Services of the family with a health check node port.</param>
    public async Task ReconcileAsync(IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> wanted)
    {
        // First close, so that a port can move from one Service to another.
        foreach ((NamespacedName service, ServiceHealthInstance instance) in _instances.ToArray())
        {
            bool isWanted = wanted.TryGetValue(service, out ServiceHealthCheck check) && check.Port == instance.Port;
            if (!isWanted || instance.Listeners.Exists(static listener => listener.Completion.IsCompleted))
            {
                _instances.Remove(service);
                await instance.CloseAsync();
                ServingLog.ServiceClosed(logger, options.Family, service, instance.Port);
            }
        }

        foreach ((NamespacedName service, ServiceHealthCheck check) in wanted)
        {
            if (!_instances.TryGetValue(service, out ServiceHealthInstance? instance))
            {
                instance = await OpenAsync(service, check.Port);
            }

            instance?.SetLocalEndpoints(check.LocalEndpoints);
        }
    }

    /// <summary>Closes all ports.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (ServiceHealthInstance instance in _instances.Values)
        {
            await instance.CloseAsync();
        }

        _instances.Clear();
    }

    private async Task<ServiceHealthInstance?> OpenAsync(NamespacedName service, int port)
    {
        ServiceHealthInstance instance = new(service, port, options.IsProxyHealthy);
        try
        {
            foreach (ListenPoint point in ListenPoints(port))
            {
                instance.Listeners.Add(host.Open(point, HttpLimits.ServiceConnections, instance.AnswerAsync));
            }
        }
        catch (IOException exception)
        {
            await instance.CloseAsync();
            ServingLog.ServiceFailed(logger, options.Family, service, port, exception);
            options.Failed(service, $"node {options.NodeName} failed to start healthcheck \"{service}\" on port {port}: {exception.Message}");
            return null;
        }

        _instances.Add(service, instance);
        ServingLog.ServiceOpened(logger, options.Family, service, port);
        return instance;
    }

    private IEnumerable<ListenPoint> ListenPoints(int port)
    {
        if (options.Addresses.MatchesAll)
        {
            return [ListenPoint.Of(options.Family == IpFamily.IPv4 ? IpAddress.FromIPv4(0) : default, port)];
        }

        // A link-local address is not complete without its interface, and no load balancer can reach it.
        return options.Addresses.Addresses.AsSpan().ToArray().Where(static address => !address.IsIPv6LinkLocal).Select(address => ListenPoint.Of(address, port));
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// Health check node ports of one family (spec 9.2): what load balancers ask to learn whether this node has endpoints of a
/// Service. Called after each successful sync, one call at a time; requests are answered meanwhile. Unlike kube-proxy's, its
/// listeners follow the node's addresses, and a port that cannot be opened is tried again without a sync.
/// </summary>
/// <param name="host">The HTTP host.</param>
/// <param name="options">What holds for all Services.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class ServiceHealthServer(HttpHost host, ServiceHealthOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<NamespacedName, ServiceHealthInstance> _instances = [];
    private NodePortAddresses? _answering;
    private IpAddress[] _addresses = [];

    /// <summary>Called from any thread when a listener ended by a fault.</summary>
    public Action ListenerEnded { get; set; } = static () => { };

    /// <summary>The time to the next attempt for a port that could not be opened; null when all are open.</summary>
    public TimeSpan? UntilRetry => _instances.Values.Min(static instance => instance.Trouble?.UntilRetry);

    /// <summary>
    /// Opens and closes listeners until they are those of the Services and addresses given, and sets the counts. A Service
    /// whose port cannot be opened is reported, and tried again by each call.
    /// </summary>
    /// <param name="wanted">All Services of the family with a health check node port.</param>
    /// <param name="addresses">The addresses that answer node ports, as the rules in the kernel have them; none mean no listener at all.</param>
    public async Task ReconcileAsync(IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> wanted, NodePortAddresses addresses)
    {
        TakeAddresses(addresses);

        // First close, so that a port can move from one Service to another, and from one address to all.
        foreach ((NamespacedName service, ServiceHealthInstance instance) in _instances)
        {
            if (wanted.TryGetValue(service, out ServiceHealthCheck check) && check.Port == instance.Port)
            {
                await instance.CloseOthersAsync(_addresses);
                continue;
            }

            _instances.Remove(service);
            await instance.CloseAsync();
            ServingLog.ServiceClosed(logger, options.Family, service, instance.Port);
        }

        foreach ((NamespacedName service, ServiceHealthCheck check) in wanted)
        {
            if (!_instances.TryGetValue(service, out ServiceHealthInstance? instance))
            {
                instance = new(service, check.Port, options.IsProxyHealthy);
                _instances.Add(service, instance);
            }

            instance.SetLocalEndpoints(check.LocalEndpoints);
            await OpenAsync(service, instance);
        }
    }

    /// <summary>Tries those again whose time has come, and those of which a listener ended.</summary>
    public async Task RetryAsync()
    {
        foreach ((NamespacedName service, ServiceHealthInstance instance) in _instances)
        {
            if (instance.Trouble is null || instance.Trouble.UntilRetry == TimeSpan.Zero)
            {
                await OpenAsync(service, instance);
            }
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

    private void TakeAddresses(NodePortAddresses addresses)
    {
        if (addresses == _answering)
        {
            return;
        }

        // A link-local address is not complete without its interface, and no load balancer can reach it.
        _addresses = addresses.MatchesAll
            ? [options.Family == IpFamily.IPv4 ? IpAddress.FromIPv4(0) : default]
            : [.. addresses.Addresses.AsSpan().ToArray().Where(static address => !address.IsIPv6LinkLocal)];
        if (_answering is not null)
        {
            ServingLog.ServiceAddresses(logger, options.Family, _addresses.Length == 0 ? "no address" : string.Join(", ", _addresses));
        }

        _answering = addresses;
    }

    /// <summary>Opens what is missing: all of it, or nothing more. What is open already stays.</summary>
    private async Task OpenAsync(NamespacedName service, ServiceHealthInstance instance)
    {
        if (await CloseEndedAsync(instance) is { } fault)
        {
            Failed(service, instance, fault);
            return;
        }

        List<(IpAddress Address, HttpPort Listener)> opened = [];
        try
        {
            foreach (IpAddress address in _addresses)
            {
                if (!instance.Listeners.ContainsKey(address))
                {
                    opened.Add((address, host.Open(ListenPoint.Of(address, instance.Port), HttpLimits.ServiceHealth, instance.AnswerAsync)));
                }
            }
        }
        catch (IOException exception)
        {
            foreach ((_, HttpPort listener) in opened)
            {
                await listener.DisposeAsync();
            }

            Failed(service, instance, exception);
            return;
        }

        foreach ((IpAddress address, HttpPort listener) in opened)
        {
            instance.Listeners.Add(address, listener);
            Watch(listener);
        }

        Succeeded(service, instance, opened.Count);
    }

    private void Succeeded(NamespacedName service, ServiceHealthInstance instance, int opened)
    {
        if (instance.Trouble is not null)
        {
            instance.Trouble = null;
            ServingLog.ServiceRecovered(logger, options.Family, service, instance.Port);
        }
        else if (opened != 0)
        {
            ServingLog.ServiceOpened(logger, options.Family, service, instance.Port);
        }
    }

    /// <summary>Told once: a port that stays busy for an hour must not fill the log, nor the Events.</summary>
    private void Failed(NamespacedName service, ServiceHealthInstance instance, Exception exception)
    {
        if (instance.Trouble is not null)
        {
            instance.Trouble.FailedAgain();
            return;
        }

        instance.Trouble = new(time);
        ServingLog.ServiceFailed(logger, options.Family, service, instance.Port, exception);
        options.Failed(service, $"node {options.NodeName} failed to start healthcheck \"{service}\" on port {instance.Port}: {exception.Message}");
    }

    /// <summary>Closes what no longer accepts connections.</summary>
    /// <returns>Why, or null when there was nothing.</returns>
    private static async Task<Exception?> CloseEndedAsync(ServiceHealthInstance instance)
    {
        Exception? fault = null;
        foreach ((IpAddress address, HttpPort listener) in instance.Listeners)
        {
            if (listener.Completion.Exception is { } error)
            {
                fault = error.GetBaseException();
                instance.Listeners.Remove(address);
                await listener.DisposeAsync();
            }
        }

        return fault;
    }

    private void Watch(HttpPort listener) => _ = listener.Completion.ContinueWith(
        _ => ListenerEnded(),
        CancellationToken.None,
        TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
        TaskScheduler.Default);
}

/// <summary>What holds for all health check node ports of a family (spec 9.2).</summary>
internal sealed record ServiceHealthOptions
{
    /// <summary>The family; its listeners take no connections of the other.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Whether the rules follow the cluster, regardless of the node's eligibility.</summary>
    public required Func<bool> IsProxyHealthy { get; init; }

    /// <summary>Name of this node.</summary>
    public required string NodeName { get; init; }

    /// <summary>Called for a Service whose port could not be opened, once until it could, with the note of the Event <c>FailedToStartServiceHealthcheck</c>.</summary>
    public Action<NamespacedName, string> Failed { get; init; } = static (_, _) => { };
}

/// <summary>The health check node port of a Service (spec 9.2).</summary>
/// <param name="Port">The port.</param>
/// <param name="LocalEndpoints">Ready endpoints on this node, counted by distinct IP (spec 3.9).</param>
internal readonly record struct ServiceHealthCheck(int Port, int LocalEndpoints);

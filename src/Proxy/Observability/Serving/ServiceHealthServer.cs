using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Observability.Serving;

/// <summary>
/// Health check node ports of one family (spec 9.2), by which load balancers learn whether this node has endpoints of a
/// Service. Called after each successful sync, one call at a time; requests are answered meanwhile. Unlike in kube-proxy, the
/// listeners follow the node's addresses, and a port that cannot be opened is retried without a sync.
/// </summary>
/// <param name="host">The HTTP host.</param>
/// <param name="options">Options of all Services.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">The log.</param>
internal sealed class ServiceHealthServer(HttpHost host, ServiceHealthOptions options, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly Dictionary<NamespacedName, ServiceHealthInstance> _instances = [];
    private NodePortAddresses? _nodePortAddresses;
    private IpAddress[] _addresses = [];

    /// <summary>Called from any thread when a listener has failed.</summary>
    public Action ListenerEnded { get; set; } = static () => { };

    /// <summary>The time to the next attempt to open a port; null if all are open.</summary>
    public TimeSpan? UntilRetry => _instances.Values.Min(static instance => instance.Failure?.UntilRetry);

    /// <summary>
    /// Opens and closes listeners according to the given Services and addresses, and sets the counts. A Service whose port
    /// cannot be opened is reported, and retried by each call.
    /// </summary>
    /// <param name="wanted">All Services of the family with a health check node port.</param>
    /// <param name="addresses">The addresses that answer node ports, as in the rules in the kernel; if there are none, there is no listener.</param>
    public async Task ReconcileAsync(IReadOnlyDictionary<NamespacedName, ServiceHealthCheck> wanted, NodePortAddresses addresses)
    {
        SetAddresses(addresses);

        // Listeners are closed first, so that a port can move from one Service to another, and from one address to all.
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
                instance = new(service, check.Port, options.IsProxyHealthy, options.AreRulesWritten);
                _instances.Add(service, instance);
            }

            instance.SetLocalEndpoints(check.LocalEndpoints);
            await OpenAsync(service, instance);
        }
    }

    /// <summary>Opens ports again whose next attempt is due, and those with a failed listener.</summary>
    public async Task RetryAsync()
    {
        foreach ((NamespacedName service, ServiceHealthInstance instance) in _instances)
        {
            if (instance.Failure is null || instance.Failure.UntilRetry == TimeSpan.Zero)
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

    private void SetAddresses(NodePortAddresses addresses)
    {
        if (addresses == _nodePortAddresses)
        {
            return;
        }

        // A link-local address is incomplete without its interface, and no load balancer can reach it.
        _addresses = addresses.MatchesAll
            ? [options.Family == IpFamily.IPv4 ? IpAddress.FromIPv4(0) : default]
            : [.. addresses.Addresses.AsSpan().ToArray().Where(static address => !address.IsIPv6LinkLocal)];
        if (_nodePortAddresses is not null)
        {
            ServingLog.ServiceAddresses(logger, options.Family, _addresses.Length == 0 ? "no address" : string.Join(", ", _addresses));
        }

        _nodePortAddresses = addresses;
    }

    /// <summary>Opens all missing listeners or none of them. Open ones stay.</summary>
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
        if (instance.Failure is not null)
        {
            instance.Failure = null;
            ServingLog.ServiceRecovered(logger, options.Family, service, instance.Port);
        }
        else if (opened != 0)
        {
            ServingLog.ServiceOpened(logger, options.Family, service, instance.Port);
        }
    }

    /// <summary>Reports only the first failure: a port that stays in use must not fill the log and the Events.</summary>
    private void Failed(NamespacedName service, ServiceHealthInstance instance, Exception exception)
    {
        if (instance.Failure is not null)
        {
            instance.Failure.FailedAgain();
            return;
        }

        instance.Failure = new(time);
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

/// <summary>Options of all health check node ports of a family (spec 9.2).</summary>
internal sealed record ServiceHealthOptions
{
    /// <summary>The family; its listeners accept no connections of the other one.</summary>
    public required IpFamily Family { get; init; }

    /// <summary>Whether the rules are up to date with the cluster and in the kernel, regardless of the node's eligibility.</summary>
    public required Func<bool> IsProxyHealthy { get; init; }

    /// <summary>Whether the kernel has the rules of this family. While it does not, all Services have 0 local endpoints.</summary>
    public Func<bool> AreRulesWritten { get; init; } = static () => true;

    public required string NodeName { get; init; }

    /// <summary>Called for the first failure to open the port of a Service, with the note of the Event <c>FailedToStartServiceHealthcheck</c>.</summary>
    public Action<NamespacedName, string> Failed { get; init; } = static (_, _) => { };
}

/// <summary>The health check node port of a Service (spec 9.2).</summary>
/// <param name="Port">The port.</param>
/// <param name="LocalEndpoints">Ready endpoints on this node that the rules in the kernel lead to, counted by distinct IP (spec 3.9).</param>
internal readonly record struct ServiceHealthCheck(int Port, int LocalEndpoints);

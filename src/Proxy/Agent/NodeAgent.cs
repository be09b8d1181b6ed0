using KubeProxySharp.Conntrack;
using KubeProxySharp.Kubernetes.Api;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Appliers;
using KubeProxySharp.Proxy.Appliers.Counters;
using KubeProxySharp.Proxy.CleanUp;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.DBus;
using KubeProxySharp.Proxy.Flows;
using KubeProxySharp.Proxy.Health;
using KubeProxySharp.Proxy.Kernel;
using KubeProxySharp.Proxy.Logging;
using KubeProxySharp.Proxy.Metrics;
using KubeProxySharp.Proxy.Run;
using KubeProxySharp.Proxy.Serving;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent;

/// <summary>
/// The node agent: puts its parts together in kube-proxy's order (spec 12.5) and runs them until one fails or it is told to
/// stop. Rules stay when it ends.
/// </summary>
/// <param name="options">What was asked for.</param>
/// <param name="logging">The log.</param>
/// <param name="host">The host.</param>
internal sealed partial class NodeAgent(RunOptions options, AgentLogging logging, AgentHost host)
{
    private readonly KubeProxyConfiguration _configuration = options.Configuration;
    private readonly ILoggerFactory _logs = logging.Factory;
    private readonly ILogger _log = logging.Factory.CreateLogger<NodeAgent>();
    private readonly TimeProvider _time = host.Time;

    private string Mode => _configuration.EffectiveMode;

    private bool IsFromManifests => !options.ManifestPaths.IsEmpty;

    /// <summary>Runs.</summary>
    /// <param name="stop">Ends it.</param>
    /// <returns>The exit code.</returns>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        if (Mode is not (ProxyMode.Iptables or ProxyMode.Nftables))
        {
            throw new ConfigurationException($"mode {Mode} is not supported; set mode to nftables, which kube-proxy recommends instead of ipvs, or iptables");
        }

        string nodeName = NodeName.Resolve(_configuration.HostnameOverride, host.HostName);
        LogStarting(options.ReportedVersion, Mode, nodeName);
        NfacctCounters counters = new(host.Runner.Network, _log);
        ProxyMetricsOptions exposed = new()
        {
            Mode = Mode,
            FeatureGates = KnownGates(),
            InvalidDroppedPackets = () => counters.Packets(IptablesOptions.InvalidDropCounterName),
            LocalhostAcceptedPackets = () => counters.Packets(IptablesOptions.LocalhostCounterName),
        };
        using ProxyMetrics metrics = new(exposed, _time, _log);
        using ApiSource? api = IsFromManifests ? null : Connect(metrics);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            return await RunAsync(nodeName, metrics, api, end);
        }
        finally
        {
            await end.CancelAsync();
        }
    }

    /// <summary>Removes all rules, of whatever mode (spec 14.2).</summary>
    /// <returns>Whether nothing is left.</returns>
    public async Task<bool> CleanUpAsync(CancellationToken stop) => Tell(await new RuleCleanUp(host.Runner).CleanAllAsync(stop));

    private async Task<int> RunAsync(string nodeName, ProxyMetrics metrics, ApiSource? api, CancellationTokenSource end)
    {
        using LimitedEvents limited = new(api is null ? static (_, _, _, _, _) => { } : api.Events.Write, _time);
        EventSink events = limited.Write;
        PartsOfAgent parts = new(_log, end);
        LateFeed feed = new();
        Node? node = await FindNodeAsync(nodeName, api, feed, parts, end.Token);
        NodeAddresses addresses = NodeAddresses.Find(node, _configuration.BindAddress);
        ISysctl sysctl = new Sysctl(host.Files);
        ApplyConntrackLimits(sysctl);
        (TimeSpan syncPeriod, TimeSpan minSyncPeriod) = SyncPeriods.Of(_configuration);
        using RuleBackend backend = await RuleBackend.FindAsync(
            Mode, options.IptablesVariant, addresses.Primary, AddressFamilies.HasKernelIPv6(host.Files, sysctl), syncPeriod, host, _logs, end.Token);
        CheckFamilies(node, addresses, backend.Families);

        ProxySettings settings = RuleSettings.From(_configuration, Mode, nodeName) with { ConntrackTcpLiberal = ConntrackLimits.IsTcpLiberal(sysctl) };
        PrepareKernel(settings, node, sysctl);
        if (options.IsInitOnly)
        {
            LogInitialised();
            return ExitCode.Success;
        }

        await new OomScore(host.Files, _time, _logs.CreateLogger<OomScore>()).SetAsync(_configuration.OomScoreAdj, end.Token);
        ProxyHealth health = new(syncPeriod, _time);
        health.SetNodeEligible(IsFromManifests);
        await using HttpHost http = await HttpHost.StartAsync(_log, end.Token);
        await using ServiceHealthServers ports = new(backend.Families.All, family => MakeHealthServer(http, family, settings, node, health, events));
        HealthPorts healthPorts = new(ports.ByFamily, _time);
        IdleCollector idle = new(IdleCollector.Compact, ProgramPages.GiveBack, _time);
        using FlowKeeper flows = new(options.TcpFlows, options.CountsServiceFlows, ConntrackTable.Open, InterfaceAddresses.Read, metrics, _logs.CreateLogger<FlowKeeper>(), _time);
        using SyncReporting reporting = new(
            backend.Families.All, Mode, nodeName, metrics, health, healthPorts, events, idle, flows.Synced, changed => CheckPodCidrs(node, changed, parts), _logs.CreateLogger<SyncLoop>(), _time);
        SyncPolicy policy = new() { MinInterval = minSyncPeriod, MaxRetry = syncPeriod };
        SyncLoop loop = new(settings, InterfaceAddresses.Read, backend.Appliers, policy, reporting, _time);
        feed.Connect(loop.Feed.Nodes);

        parts.Add(Serve(http, metrics, health, nodeName, events, end.Token));
        parts.Add(healthPorts.RunAsync(end.Token));
        parts.Add(idle.RunAsync(end.Token));
        parts.Add(FeedAsync(loop.Feed, api, end.Token));
        if (api is not null)
        {
            parts.Add(api.Events.RunAsync(end.Token));
        }

        foreach ((IpFamily family, IDriftWatch watch) in backend.Watches)
        {
            parts.Add(watch.RunAsync(what => loop.Drifted(family, what), end.Token));
        }

        parts.Add(new FirewalldWatch(_logs.CreateLogger<FirewalldWatch>()).RunAsync(
            what =>
            {
                loop.Drifted(IpFamily.IPv4, what);
                loop.Drifted(IpFamily.IPv6, what);
            },
            end.Token));
        using AddressWatch addressWatch = new(loop.AddressesChanged);
        events(ObjectReference.Node(nodeName), EventKind.Normal, "Starting", "StartKubeProxy", "");
        foreach (IpFamily family in backend.Families.All)
        {
            health.SyncLoopStarted(family);
            metrics.Syncs.Queued(family);
        }

        parts.Add(CleanUpAfterAsync(reporting.AllApplied, end.Token));
        parts.Add(flows.RunAsync(end.Token));
        parts.Add(loop.RunAsync(end.Token));
        await parts.WaitAsync();
        return ExitCode.Success;
    }

    private ApiSource Connect(ProxyMetrics metrics)
    {
        string agent = $"kube-proxy-sharp/{options.ReportedVersion} (linux/amd64)";
        ApiConnection connection = ApiConnection.Open(_configuration.ClientConnection.Kubeconfig, options.Master, new ConnectionSettings
        {
            QueriesPerSecond = _configuration.ClientConnection.Qps,
            Burst = _configuration.ClientConnection.Burst,
            UserAgent = agent,
            TimeProvider = _time,
            LoggerFactory = _logs,
        });
        EventReporter reporter = new("kube-proxy", "kube-proxy-" + host.HostName);
        return new(connection, new() { UserAgent = agent, Accept = AcceptedContent.Of(_configuration.ClientConnection) }, reporter, new ApiObservation(metrics, _logs.CreateLogger<ApiSource>()), _logs, _time);
    }

    /// <summary>Watches the Node from now on, and waits for it; without a server there is nothing to wait for.</summary>
    private async Task<Node?> FindNodeAsync(string nodeName, ApiSource? api, LateFeed feed, PartsOfAgent parts, CancellationToken end)
    {
        if (api is null)
        {
            return ManifestSource.ReadNode([.. options.ManifestPaths.AsSpan()], nodeName);
        }

        NodeWait wait = new(nodeName, feed, _log, _time);
        parts.Add(api.WatchNodeAsync(nodeName, wait, end));
        await wait.WaitAsync(_configuration.EffectiveDetectLocalMode == "NodeCIDR", end);
        return wait.Node;
    }

    private Task FeedAsync(ClusterFeed feed, ApiSource? api, CancellationToken end) => api is null
        ? new ManifestSource([.. options.ManifestPaths.AsSpan()], feed, _logs.CreateLogger<ManifestSource>(), _time).RunAsync(end)
        : api.WatchAsync(feed, end);

    private void ApplyConntrackLimits(ISysctl sysctl) =>
        new ConntrackLimits(sysctl, host.Files, _logs.CreateLogger<ConntrackLimits>()).Apply(_configuration.Conntrack, CpuCount.Read(host.Files));

    private void CheckFamilies(Node? node, NodeAddresses addresses, AddressFamilies families)
    {
        ProxySettings settings = RuleSettings.From(_configuration, Mode, "");
        KubeProxyConfiguration resolved = _configuration with { NodePortAddresses = NodePortAddresses.ExpandPrimary(settings.NodePortAddresses, addresses) };
        FamilyCheck check = new(resolved, node is null ? [] : [.. node.PodCidrs.AsSpan()], families.Primary);
        foreach (string warning in check.Warnings().Concat(check.CheckFamilies(families.IsDualStack)))
        {
            LogWarning(warning);
        }
    }

    private void PrepareKernel(ProxySettings settings, Node? node, ISysctl sysctl)
    {
        NodeSettings ipv4 = NodeSettings.Resolve(IpFamily.IPv4, settings, node, EquatableArray.Adopt<IpAddress>([.. InterfaceAddresses.Read()]), default);
        if (Mode == ProxyMode.Iptables && ipv4.LocalhostNodePorts)
        {
            new RouteLocalnet(sysctl, _logs.CreateLogger<RouteLocalnet>()).Enable();
        }
    }

    private ServiceHealthServer MakeHealthServer(HttpHost http, IpFamily family, ProxySettings settings, Node? node, ProxyHealth health, EventSink events)
    {
        NodeSettings resolved = NodeSettings.Resolve(family, settings, node, EquatableArray.Adopt<IpAddress>([.. InterfaceAddresses.Read()]), default);
        return new(
            http,
            new ServiceHealthOptions
            {
                Family = family,
                Addresses = resolved.NodePortAddresses,
                IsProxyHealthy = () => health.Read().IsHealthy,
                NodeName = settings.NodeName,
                Failed = (service, note) => events(ObjectReference.Service(service.Namespace, service.Name), EventKind.Warning, "FailedToStartServiceHealthcheck", "Listen", note),
            },
            _log);
    }

    private async Task Serve(HttpHost http, ProxyMetrics metrics, ProxyHealth health, string nodeName, EventSink events, CancellationToken end)
    {
        List<Task> servers = [];
        if (_configuration.HealthzBindAddress.Length != 0)
        {
            ListenOptions listen = Listen("health", _configuration.HealthzBindAddress, "FailedToStartProxierHealthcheck");
            servers.Add(new ListenLoop(http, listen, _time, _log).RunAsync(new HealthServer(health, metrics.Probes).AnswerAsync, static _ => { }, end));
        }

        MetricsServerOptions pages = new()
        {
            Configuration = _configuration,
            Flags = [.. options.Flags.AsSpan().ToArray().Select(static flag => KeyValuePair.Create(flag.Name, flag.Value))],
        };
        servers.Add(new ListenLoop(http, Listen("metrics", _configuration.MetricsBindAddress, "FailedToStartMetricServer"), _time, _log)
            .RunAsync(new MetricsServer(metrics, pages, _time).AnswerAsync, static _ => { }, end));

        await await Task.WhenAny(servers);
        await Task.WhenAll(servers);

        ListenOptions Listen(string name, string address, string reason) => new()
        {
            Name = name,
            Point = ListenPoint.FromBindAddress(address),
            IsFailureFinal = _configuration.BindAddressHardFail,
            Failed = error => events(ObjectReference.Node(nodeName), EventKind.Warning, reason, "StartKubeProxy", error),
        };
    }

    /// <summary>In mode NodeCIDR a change ends the agent, as it ends kube-proxy: all rules would have to change (spec 12.4).</summary>
    private void CheckPodCidrs(Node? atStart, Node now, PartsOfAgent parts)
    {
        if (_configuration.EffectiveDetectLocalMode == "NodeCIDR" && atStart is not null && atStart.PodCidrs != now.PodCidrs)
        {
            parts.Fail(new ConfigurationException($"Node {now.Name}: spec.podCIDRs changed from [{string.Join(' ', atStart.PodCidrs.AsSpan().ToArray())}] to [{string.Join(' ', now.PodCidrs.AsSpan().ToArray())}]; restarting to take it over"));
        }
    }

    /// <summary>
    /// Removes the rules of the other modes when those of this one are complete, so that there is no moment without; kube-proxy
    /// removes them first.
    /// </summary>
    private async Task CleanUpAfterAsync(Task applied, CancellationToken end)
    {
        await applied.WaitAsync(end);
        Tell(await new RuleCleanUp(host.Runner).CleanOtherModesAsync(Mode, end));
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, end);
    }

    private bool Tell(CleanUpResult result)
    {
        foreach (string message in result.Messages)
        {
            LogCleaned(message);
        }

        foreach (string error in result.Errors)
        {
            LogWarning(error);
        }

        return result.IsClean;
    }

    private IReadOnlyList<FeatureGateState> KnownGates() =>
        [.. FeatureGates.Known.Select(gate => new FeatureGateState(gate.Name, gate.Stage, FeatureGates.IsEnabled(_configuration, gate.Name, gate.IsDefault)))];

    [LoggerMessage(EventId = 5030, Level = LogLevel.Information, Message = "Starting kube-proxy-sharp {Version} in mode {Mode} on node {Node}")]
    private partial void LogStarting(string version, string mode, string node);

    [LoggerMessage(EventId = 5031, Level = LogLevel.Information, Message = "The node is prepared; --init-only asks for no more")]
    private partial void LogInitialised();

    [LoggerMessage(EventId = 5032, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(EventId = 5033, Level = LogLevel.Information, Message = "{Message}")]
    private partial void LogCleaned(string message);
}

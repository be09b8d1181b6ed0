using KubeProxySharp.Conntrack;
using KubeProxySharp.Conntrack.Addresses;
using KubeProxySharp.Kubernetes.Client;
using KubeProxySharp.Kubernetes.Connection;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.CleanUp;
using KubeProxySharp.Proxy.Agent.Apply.Counters;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Agent.Drift.Firewalld;
using KubeProxySharp.Proxy.Agent.Flows;
using KubeProxySharp.Proxy.Agent.Sync;
using KubeProxySharp.Proxy.Agent.Watch;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Run;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.Proxy.Observability.Health;
using KubeProxySharp.Proxy.Observability.Logging;
using KubeProxySharp.Proxy.Observability.Metrics;
using KubeProxySharp.Proxy.Observability.Serving;
using KubeProxySharp.Proxy.Observability.Status;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Settings;
using Microsoft.Extensions.Logging;

namespace KubeProxySharp.Proxy.Agent.Host;

/// <summary>
/// The node agent: composes its parts, starts them in kube-proxy's order (spec 12.5) and runs them until one fails or the agent
/// is cancelled. Rules stay in the kernel when it ends.
/// </summary>
/// <param name="options">The command line and the configuration.</param>
/// <param name="logging">The log.</param>
/// <param name="host">The host.</param>
internal sealed partial class NodeAgent(RunOptions options, AgentLogging logging, AgentHost host)
{
    private const string KernelRelease = "proc/sys/kernel/osrelease";

    private readonly KubeProxyConfiguration _configuration = options.Configuration;
    private readonly ILoggerFactory _logs = logging.Factory;
    private readonly ILogger _log = logging.Factory.CreateLogger<NodeAgent>();
    private readonly TimeProvider _time = host.Time;

    private string Mode => _configuration.EffectiveMode;

    private bool IsFromManifests => !options.ManifestPaths.IsEmpty;

    /// <summary>Runs the agent until it is cancelled.</summary>
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
        ProxyMetrics metrics = new(exposed, _time, _log);
        StatusRecorder status = new(_time);
        using ApiSource? api = IsFromManifests ? null : Connect(metrics, status);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        try
        {
            return await RunAsync(nodeName, metrics, status, api, end);
        }
        finally
        {
            await end.CancelAsync();
        }
    }

    /// <summary>Removes the rules of all modes (spec 14.2).</summary>
    /// <returns>Whether nothing is left.</returns>
    public async Task<bool> CleanUpAsync(CancellationToken stop) => Report(await new RuleCleanUp(host.Runner).CleanAllAsync(stop));

    private async Task<int> RunAsync(string nodeName, ProxyMetrics metrics, StatusRecorder status, ApiSource? api, CancellationTokenSource end)
    {
        using RateLimitedEvents limited = new(api is null ? static (_, _, _, _, _) => { } : api.Events.Write, _time);
        EventSink events = limited.Write;
        (TimeSpan syncPeriod, TimeSpan minSyncPeriod) = SyncPeriods.Of(_configuration);
        ProxyHealth health = new(syncPeriod, _time);
        health.SetNodeEligible(IsFromManifests);
        await using HttpHost http = await HttpHost.StartAsync(metrics.Connections, _time, _log, end.Token);
        await using AgentTasks tasks = new(_log, end);
        if (!options.IsInitOnly)
        {
            // Before anything that may take long: a probe must not find an agent that is only waiting dead.
            tasks.Add(Serve(http, metrics, health, status, nodeName, events, end.Token));
        }

        StartupWait start = new(health, _log, _time);
        BufferedNodeSink feed = new();
        Node? node = await tasks.UntilAsync(FindNodeAsync(nodeName, api, feed, start, tasks, end.Token));
        NodeAddresses addresses = NodeAddresses.Find(node, _configuration.BindAddress);
        ISysctl sysctl = new Sysctl(host.Files);
        ApplyConntrackLimits(sysctl);
        using RuleBackend backend = await RuleBackend.FindAsync(
            Mode, options.IptablesVariant, options.NftablesWriter, hasServiceCounters: false, addresses.Primary, AddressFamilies.HasKernelIPv6(host.Files, sysctl), syncPeriod, host, _logs, end.Token);
        CheckFamilies(node, addresses, backend.Families);

        ProxySettings settings = RuleSettings.From(_configuration, Mode, nodeName) with { ConntrackTcpLiberal = ConntrackLimits.IsTcpLiberal(sysctl) };
        EgressConfigurationWatch? egress = WatchEgress();
        settings = settings with { Egress = egress?.Policy };
        using AddressWatch interfaces = new(InterfaceAddressFeed.Open, _logs.CreateLogger<AddressWatch>(), _time);
        await interfaces.StartAsync(end.Token);
        PrepareKernel(settings, node, interfaces.Read(), sysctl);
        if (options.IsInitOnly)
        {
            LogInitialised();
            return ExitCode.Success;
        }

        await new OomScore(host.Files, _time, _logs.CreateLogger<OomScore>()).SetAsync(_configuration.OomScoreAdj, end.Token);
        await using ServiceHealthServers ports = new(backend.Families.All, family => MakeHealthServer(http, family, nodeName, health, events));
        HealthPorts healthPorts = new(ports.ByFamily, _time);
        HeapCompactor heap = new(HeapCompactor.Compact, _time);
        using ConntrackReconciler flows = new(options.TcpFlows, options.CountsServiceFlows, ConntrackTable.Open, interfaces.Read, metrics, _logs.CreateLogger<ConntrackReconciler>(), _time);
        using SyncReporting reporting = new(
            backend.Families.All, Mode, nodeName, metrics, health, status, healthPorts, events, heap, flows.Synced, changed => CheckPodCidrs(node, changed, tasks), _logs.CreateLogger<SyncLoop>(), _time);
        SyncPolicy policy = new() { MinInterval = minSyncPeriod, MaxRetry = syncPeriod };
        SyncLoop loop = new(settings, interfaces.Read, backend.Appliers, policy, reporting, _time);
        feed.Connect(loop.Feed.Nodes);

        Restart("health-check node ports", isVital: false, healthPorts.RunAsync);
        Restart("memory collector", isVital: false, heap.RunAsync);
        tasks.Add(ReportUntilListedAsync(start, loop, end.Token));
        if (api is null)
        {
            Restart("reader of manifests", isVital: true, new ManifestSource([.. options.ManifestPaths.AsSpan()], loop.Feed, _logs.CreateLogger<ManifestSource>(), _time, options.ManifestsSettleTime, health.SetStalledInput).RunAsync);
        }
        else
        {
            tasks.Add(api.WatchAsync(loop.Feed, end.Token));
            Restart("writer of Events", isVital: false, api.Events.RunAsync);
        }

        foreach ((IpFamily family, IDriftWatch watch) in backend.Watches)
        {
            Restart($"watch for changes of {family} rules", isVital: false, cancellation => watch.RunAsync(what => loop.Drifted(family, what), cancellation));
        }

        if (egress is not null)
        {
            Restart("watch of the egress masquerade configuration", isVital: false, cancellation => egress.RunAsync(loop.EgressChanged, cancellation));
            Restart("search for ip-masq-agent", isVital: false, async cancellation =>
            {
                await reporting.FirstSyncs.All.WaitAsync(cancellation);
                IReadOnlyList<string> found = await OtherMasqueradeAgent.FindAsync(host.Runner, backend.Families.All, cancellation);
                if (found.Count != 0)
                {
                    LogOtherMasqueradeAgent(string.Join(", ", found));
                }

                await Task.Delay(Timeout.InfiniteTimeSpan, _time, cancellation);
            });
        }

        FirewalldWatch firewalld = new(_logs.CreateLogger<FirewalldWatch>(), _time);
        Restart("watch of firewalld", isVital: false, cancellation => firewalld.RunAsync(
            what =>
            {
                loop.Drifted(IpFamily.IPv4, what);
                loop.Drifted(IpFamily.IPv6, what);
            },
            cancellation));
        Restart("watch of the interfaces' addresses", isVital: false, cancellation => interfaces.RunAsync(loop.AddressesChanged, cancellation));
        events(ObjectReference.Node(nodeName), EventKind.Normal, "Starting", "StartKubeProxy", "");
        foreach (IpFamily family in backend.Families.All)
        {
            health.SyncLoopStarted(family);
            metrics.Syncs.Queued(family);
        }

        RuleCleanUp cleanUp = new(host.Runner);
        Restart("clean-up of other modes, IPv4", isVital: false, cancellation => CleanUpAfterAsync(reporting.FirstSyncs.Of(IpFamily.IPv4), (result, token) => cleanUp.CleanOtherModesAsync(Mode, IpFamily.IPv4, result, token), cancellation));
        Restart("clean-up of other modes, IPv6", isVital: false, cancellation => CleanUpAfterAsync(reporting.FirstSyncs.Of(IpFamily.IPv6), (result, token) => cleanUp.CleanOtherModesAsync(Mode, IpFamily.IPv6, result, token), cancellation));
        Restart("clean-up of IPVS", isVital: false, cancellation => CleanUpAfterAsync(reporting.FirstSyncs.All, (result, token) => cleanUp.CleanIpvsAsync(Mode, result, token), cancellation));
        Restart("clean-up of flows", isVital: false, flows.RunAsync);
        Restart("sync loop", isVital: true, loop.RunAsync);
        await tasks.WaitAsync();
        return ExitCode.Success;

        void Restart(string name, bool isVital, Func<CancellationToken, Task> run) =>
            tasks.Add(new RestartedTask(name, isVital, health, _log, _time).RunAsync(run, end.Token));
    }

    /// <summary>Reads the configuration of egress masquerade for the first time; null if that is off.</summary>
    private EgressConfigurationWatch? WatchEgress()
    {
        if (options.EgressPath is not { } path)
        {
            return null;
        }

        EgressConfigurationWatch watch = new(path, _logs.CreateLogger<EgressConfigurationWatch>(), _time);
        watch.Look();
        return watch;
    }

    private ApiSource Connect(ProxyMetrics metrics, StatusRecorder status)
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
        return new(connection, new() { UserAgent = agent, Accept = AcceptedContentTypes.Of(_configuration.ClientConnection) }, reporter, new ApiObservation(metrics, status, _logs.CreateLogger<ApiSource>()), _logs, _time);
    }

    /// <summary>Starts to watch the Node and waits for it; without an API server it is read from the manifests at once.</summary>
    private async Task<Node?> FindNodeAsync(string nodeName, ApiSource? api, BufferedNodeSink feed, StartupWait start, AgentTasks tasks, CancellationToken end)
    {
        if (api is null)
        {
            return ManifestSource.ReadNode([.. options.ManifestPaths.AsSpan()], nodeName);
        }

        NodeLookup wait = new(nodeName, feed, start, _log, _time);
        tasks.Add(api.WatchNodeAsync(nodeName, wait, end));
        await wait.WaitAsync(_configuration.EffectiveDetectLocalMode == "NodeCIDR", end);
        return wait.Node;
    }

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

    private void PrepareKernel(ProxySettings settings, Node? node, IReadOnlyList<IpAddress> interfaces, ISysctl sysctl)
    {
        NodeSettings ipv4 = NodeSettings.Resolve(IpFamily.IPv4, settings, node, EquatableArray.Adopt<IpAddress>([.. interfaces]), default);
        if (Mode == ProxyMode.Iptables && ipv4.LocalhostNodePorts)
        {
            new RouteLocalnet(sysctl, _logs.CreateLogger<RouteLocalnet>()).Enable();
        }
    }

    private ServiceHealthServer MakeHealthServer(HttpHost http, IpFamily family, string nodeName, ProxyHealth health, EventSink events) => new(
        http,
        new ServiceHealthOptions
        {
            Family = family,
            IsProxyHealthy = () => health.Read().IsHealthy,
            AreRulesWritten = () => health.Read().Families.Any(each => each.Family == family && each.AreRulesWritten),
            NodeName = nodeName,
            Failed = (service, note) => events(ObjectReference.Service(service.Namespace, service.Name), EventKind.Warning, "FailedToStartServiceHealthcheck", "Listen", note),
        },
        _time,
        _log);

    /// <summary>Reports what the first sync waits for: the API server may become unreachable after the Node was read.</summary>
    private async Task ReportUntilListedAsync(StartupWait start, SyncLoop loop, CancellationToken end)
    {
        string what = IsFromManifests ? "the first reading of the manifests" : "the API server to list Services, EndpointSlices and the Node";
        await start.UntilAsync(loop.Listed.WaitAsync(end), what);
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, end);
    }

    private async Task Serve(HttpHost http, ProxyMetrics metrics, ProxyHealth health, StatusRecorder status, string nodeName, EventSink events, CancellationToken end)
    {
        List<Task> servers = [];
        if (_configuration.HealthzBindAddress.Length != 0)
        {
            ListenOptions listen = Listen("health", HttpLimits.Health, _configuration.HealthzBindAddress, "FailedToStartProxierHealthcheck");
            servers.Add(new ListenLoop(http, listen, _time, _log).RunAsync(new HealthServer(health, metrics.Probes).AnswerAsync, static _ => { }, end));
        }

        string rulesBy = Mode == ProxyMode.Nftables ? options.NftablesWriter : $"iptables ({options.IptablesVariant})";
        StatusFacts facts = new(nodeName, Mode, rulesBy, host.Files.Exists(KernelRelease) ? host.Files.Read(KernelRelease) : "", IsFromManifests, options.CountsServiceFlows);
        MetricsServerOptions pages = new()
        {
            Status = new StatusSource(facts, status, health, metrics).Read,
            Configuration = _configuration,
            Flags = [.. options.Flags.AsSpan().ToArray().Select(static flag => KeyValuePair.Create(flag.Name, flag.Value))],
        };
        servers.Add(new ListenLoop(http, Listen("metrics", HttpLimits.Metrics, _configuration.MetricsBindAddress, "FailedToStartMetricServer"), _time, _log)
            .RunAsync(new MetricsServer(metrics, pages, _time).AnswerAsync, static _ => { }, end));

        await await Task.WhenAny(servers);
        await Task.WhenAll(servers);

        ListenOptions Listen(string name, ConnectionLimits limits, string address, string reason) => new()
        {
            Name = name,
            Limits = limits,
            Point = ListenPoint.FromBindAddress(address),
            IsFailureFinal = _configuration.BindAddressHardFail,
            Failed = error => events(ObjectReference.Node(nodeName), EventKind.Warning, reason, "StartKubeProxy", error),
        };
    }

    /// <summary>In mode NodeCIDR a change ends the agent, as it does kube-proxy: all rules would have to change (spec 12.4).</summary>
    private void CheckPodCidrs(Node? atStart, Node now, AgentTasks tasks)
    {
        if (_configuration.EffectiveDetectLocalMode == "NodeCIDR" && atStart is not null && atStart.PodCidrs != now.PodCidrs)
        {
            tasks.Fail(new ConfigurationException($"Node {now.Name}: spec.podCIDRs changed from [{string.Join(' ', atStart.PodCidrs.AsSpan().ToArray())}] to [{string.Join(' ', now.PodCidrs.AsSpan().ToArray())}]; restarting to apply the change"));
        }
    }

    /// <summary>
    /// Removes the rules of the other modes once those of this one are complete, so that the node is never without rules;
    /// kube-proxy removes them first. Each family separately: one that cannot be written must not delay the other.
    /// </summary>
    private async Task CleanUpAfterAsync(Task applied, Func<CleanUpResult, CancellationToken, Task> clean, CancellationToken end)
    {
        await applied.WaitAsync(end);
        CleanUpResult result = new();
        await clean(result, end);
        Report(result);
        await Task.Delay(Timeout.InfiniteTimeSpan, _time, end);
    }

    private bool Report(CleanUpResult result)
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

    [LoggerMessage(EventId = 5031, Level = LogLevel.Information, Message = "The node is prepared; exiting because of --init-only")]
    private partial void LogInitialised();

    [LoggerMessage(EventId = 5032, Level = LogLevel.Warning, Message = "{Warning}")]
    private partial void LogWarning(string warning);

    [LoggerMessage(EventId = 5034, Level = LogLevel.Warning, Message = "ip-masq-agent has its chain on this node ({Tools}): both masquerade until it is removed, its DaemonSet first and then the chain (docs/egress-masquerade.md)")]
    private partial void LogOtherMasqueradeAgent(string tools);

    [LoggerMessage(EventId = 5033, Level = LogLevel.Information, Message = "{Message}")]
    private partial void LogCleaned(string message);
}

using static KubeProxySharp.Proxy.Configuration.KubeProxyConfiguration;

namespace KubeProxySharp.Proxy.Configuration.Flags;

/// <summary>
/// Every flag of kube-proxy 1.36 on Linux with its default (spec 11.2, 11.3), and the few of this program. The order is
/// that of the help. A flag that sets a field of the configuration file and nothing else has no property:
/// <see cref="ConfigurationFields"/> names it beside the field.
/// </summary>
internal sealed class KubeProxyFlags
{
    private const int DefaultRecordLimit = 100;

    private static readonly KubeProxyConfiguration s_defaults = new();

    /// <summary>What parses the flags, and lists them.</summary>
    public FlagSet Set { get; } = new();

    public TypedFlag<string> Config { get; }

    public TypedFlag<string> WriteConfigTo { get; }

    public TypedFlag<bool> Cleanup { get; }

    public TypedFlag<bool> InitOnly { get; }

    public TypedFlag<string> Version { get; }

    public TypedFlag<bool> Help { get; }

    public TypedFlag<string> Master { get; }

    public TypedFlag<string[]> Manifests { get; }

    public TypedFlag<TimeSpan> ManifestsSettleTime { get; }

    public TypedFlag<string> Record { get; }

    public TypedFlag<int> RecordLimit { get; }

    public TypedFlag<string> HostnameOverride { get; }

    public TypedFlag<string> IptablesVariant { get; }

    public TypedFlag<string> NftablesWriter { get; }

    public TypedFlag<bool> EgressMasquerade { get; }

    public TypedFlag<string> EgressMasqueradeConfig { get; }

    public TypedFlag<bool> ServiceCounters { get; }

    public TypedFlag<int> ServiceCountersTop { get; }

    public TypedFlag<TcpFlowPolicy> ConntrackTcp { get; }

    public TypedFlag<bool> ConntrackServiceFlows { get; }

    public TypedFlag<int> HealthzPort { get; }

    public TypedFlag<int> MetricsPort { get; }

    public TypedFlag<TimeSpan> IpvsSyncPeriod { get; }

    public TypedFlag<TimeSpan> IpvsMinSyncPeriod { get; }

    public KubeProxyFlags()
    {
        const FlagGroup General = FlagGroup.General;
        Config = Set.Add(FlagKinds.Text(General, "config", "FILE", "KubeProxyConfiguration to read; flags that set the same are then ignored, except logging flags and --hostname-override."));
        WriteConfigTo = Set.Add(FlagKinds.Text(General, "write-config-to", "FILE", "Write the effective configuration to a file and exit."));
        Cleanup = Set.Add(FlagKinds.Switch(General, "cleanup", "Remove all iptables, ipvs and nftables rules of kube-proxy and exit."));
        InitOnly = Set.Add(FlagKinds.Switch(General, "init-only", "Do what needs full root privileges and exit; a later run needs CAP_NET_ADMIN only."));
        Record = Set.Add(FlagKinds.Text(General, "record", "FILE", "Record what the rules follow from, for kube-proxy-sharp replay. An earlier recording is kept as FILE.old."));
        RecordLimit = Set.Add(FlagKinds.Number(General, "record-limit", "The largest size of the recording, in MiB; it ends there, and the agent goes on.", DefaultRecordLimit));
        Set.Add(new TypedFlag<FeatureGate[]>(General, "feature-gates", "NAME=BOOL,...", "Switch features on or off.", [], FlagValues.ReadGates, FlagValues.WriteGates));
        Version = Set.Add(new TypedFlag<string>(General, "version", "true|raw|vX.Y.Z", "Print the version and exit; raw prints all fields. vX.Y.Z is reported instead of the program's version.", "false", (text, _) => FlagValues.ReadVersion(text), text => text) { ValueWhenBare = "true" });
        Help = Set.Add(new TypedFlag<bool>(General, "help", "", "Print this help and exit.", false, (text, _) => GoNumber.ReadBoolean(text), value => value ? "true" : "false") { ValueWhenBare = "true", Shorthand = 'h' });

        const FlagGroup Cluster = FlagGroup.Cluster;
        Set.Add(FlagKinds.Text(Cluster, "kubeconfig", "FILE", "The kubeconfig of the API server; without it and --master, the service account of the pod."));
        Master = Set.Add(FlagKinds.Text(Cluster, "master", "URL", "Address of the API server, instead of that of the kubeconfig."));
        Manifests = Set.Add(FlagKinds.List(Cluster, "manifests", "DIR", "Take Services, EndpointSlices and Nodes from the files of a directory instead of an API server; repeatable."));
        ManifestsSettleTime = Set.Add(FlagKinds.Duration(Cluster, "manifests-settle-time", "How long a manifest that became empty, or lost more than half of its objects, must stay unchanged before that is applied.", TimeSpan.FromSeconds(10)));
        HostnameOverride = Set.Add(FlagKinds.Text(Cluster, "hostname-override", "NAME", "Name of this node; default: the host name."));
        Set.Add(FlagKinds.Text(Cluster, "kube-api-content-type", "TYPE", "Content type of requests to the API server.", s_defaults.ClientConnection.ContentType));
        Set.Add(FlagKinds.Decimal(Cluster, "kube-api-qps", "Requests per second to the API server.", s_defaults.ClientConnection.Qps));
        Set.Add(FlagKinds.Number(Cluster, "kube-api-burst", "Burst of requests to the API server.", s_defaults.ClientConnection.Burst));
        Set.Add(FlagKinds.Duration(Cluster, "config-sync-period", "How often all objects of the cluster are processed again; above 0.", s_defaults.ConfigSyncPeriod));

        const FlagGroup Rules = FlagGroup.Rules;
        Set.Add(FlagKinds.Text(Rules, "proxy-mode", "MODE", "iptables (also when empty) or nftables."));
        IptablesVariant = Set.Add(new TypedFlag<string>(Rules, "iptables-variant", "auto|nft|legacy", "Which iptables to run; auto selects the one that the node already uses.", IptablesVariants.Auto, (text, _) => IptablesVariants.Read(text), text => text));
        NftablesWriter = Set.Add(new TypedFlag<string>(Rules, "nftables-writer", "netlink|nft", "How rules get into the kernel in nftables mode: by netlink messages of this program, or by the program nft.", NftablesWriters.Netlink, (text, _) => NftablesWriters.Read(text), text => text));
        Set.Add(FlagKinds.Duration(Rules, "iptables-sync-period", "How often all rules are checked and rewritten, in nftables mode too; above 0.", s_defaults.Iptables.SyncPeriod));
        Set.Add(FlagKinds.Duration(Rules, "iptables-min-sync-period", "The shortest time between two changes of rules, in nftables mode too; 0 means at once.", s_defaults.Iptables.MinSyncPeriod));
        Set.Add(FlagKinds.Number(Rules, "iptables-masquerade-bit", "The bit of the packet mark that asks for SNAT, 0 to 31.", s_defaults.Iptables.MasqueradeBit));
        Set.Add(FlagKinds.Switch(Rules, "masquerade-all", "SNAT everything that goes to cluster IPs."));
        Set.Add(FlagKinds.Switch(Rules, "iptables-localhost-nodeports", "Let node ports answer on 127.0.0.1; iptables mode and IPv4 only.", s_defaults.Iptables.LocalhostNodePorts));
        Set.Add(FlagKinds.List(Rules, "nodeport-addresses", "CIDR,...|primary", "Addresses of the node on which node ports answer; default: all, in nftables mode the primary ones."));

        EgressMasquerade = Set.Add(FlagKinds.Switch(Rules, "egress-masquerade", "SNAT what pods of this node send out of the cluster to the address of the node, as ip-masq-agent does."));
        EgressMasqueradeConfig = Set.Add(FlagKinds.Text(Rules, "egress-masquerade-config", "FILE", "The configuration file of ip-masq-agent for --egress-masquerade: where pods keep their address. Read again when it changes; without the file ip-masq-agent's defaults apply.", EgressConfiguration.DefaultPath));
        ServiceCounters = Set.Add(FlagKinds.Switch(Rules, "service-counters", "Count the new connections of each Service in the kernel, refused and dropped ones too, for metrics. In nftables mode that costs next to nothing; in iptables mode each Service adds a rule and a counter, and loading the rules of 10,000 Services takes longer (docs/service-counters.md)."));
        ServiceCountersTop = Set.Add(new TypedFlag<int>(Rules, "service-counters-top", "N", "How many service ports have metrics of their own with --service-counters, those with the most new connections per second, 0 to 5000; all others are in one sum.", 200, static (text, _) => ReadTop(text), static value => $"{value}"));

        const FlagGroup Local = FlagGroup.LocalTraffic;
        Set.Add(FlagKinds.Text(Local, "detect-local-mode", "MODE", "How traffic of this node's pods is recognised: ClusterCIDR (also when empty), NodeCIDR, BridgeInterface or InterfaceNamePrefix."));
        Set.Add(FlagKinds.Text(Local, "cluster-cidr", "CIDR[,CIDR]", "Pod addresses of the cluster, one range per family; for ClusterCIDR."));
        Set.Add(FlagKinds.Text(Local, "pod-bridge-interface", "NAME", "The bridge that pods are attached to; for BridgeInterface."));
        Set.Add(FlagKinds.Text(Local, "pod-interface-name-prefix", "PREFIX", "The name prefix of pod interfaces; for InterfaceNamePrefix."));
        Set.Add(Address(FlagGroup.Node, "bind-address", "IP", "The node's primary address, instead of that of its Node object. Nothing listens on it.", s_defaults.BindAddress, FlagValues.ReadAddress));

        Set.Add(FlagKinds.Number(FlagGroup.Node, "oom-score-adj", "The program's OOM score adjustment, -1000 to 1000.", s_defaults.OomScoreAdj));
        Set.Add(FlagKinds.Number(FlagGroup.Node, "conntrack-max-per-core", "Connections to track per CPU; 0 leaves the limit unchanged, whatever --conntrack-min is.", s_defaults.Conntrack.MaxPerCore));
        Set.Add(FlagKinds.Number(FlagGroup.Node, "conntrack-min", "Minimum number of connections to track.", s_defaults.Conntrack.Min));
        Set.Add(FlagKinds.Duration(FlagGroup.Node, "conntrack-tcp-timeout-established", "Idle time-out of established TCP connections; 0 leaves it unchanged.", s_defaults.Conntrack.TcpEstablishedTimeout));
        Set.Add(FlagKinds.Duration(FlagGroup.Node, "conntrack-tcp-timeout-close-wait", "Time-out of TCP connections in CLOSE_WAIT; 0 leaves it unchanged.", s_defaults.Conntrack.TcpCloseWaitTimeout));
        Set.Add(FlagKinds.Switch(FlagGroup.Node, "conntrack-tcp-be-liberal", "Track TCP packets outside their window too (nf_conntrack_tcp_be_liberal)."));
        ConntrackTcp = Set.Add(new TypedFlag<TcpFlowPolicy>(FlagGroup.Node, "conntrack-tcp", "keep|close-after=DURATION", "What happens to TCP connections whose endpoint left its Service: they are kept, or closed after a time, so that clients that wait for it try again.", TcpFlowPolicy.Keep, (text, _) => TcpFlowPolicy.Read(text), policy => policy.ToString()));
        ConntrackServiceFlows = Set.Add(FlagKinds.Switch(FlagGroup.Node, "conntrack-service-flows", "Count the connections of each Service at every pass over the conntrack table, and show the 50 with the most as metrics."));
        Set.Add(FlagKinds.Duration(FlagGroup.Node, "conntrack-udp-timeout", "Idle time-out of unanswered UDP flows; 0 leaves it unchanged.", s_defaults.Conntrack.UdpTimeout));
        Set.Add(FlagKinds.Duration(FlagGroup.Node, "conntrack-udp-timeout-stream", "Idle time-out of answered UDP flows; 0 leaves it unchanged.", s_defaults.Conntrack.UdpStreamTimeout));

        const FlagGroup Listeners = FlagGroup.Listeners;
        Set.Add(Address(Listeners, "healthz-bind-address", "IP[:PORT]", "Where the health server listens.", s_defaults.HealthzBindAddress, FlagValues.ReadAddressAndPort));
        Set.Add(Address(Listeners, "metrics-bind-address", "IP[:PORT]", "Where the metrics server listens.", s_defaults.MetricsBindAddress, FlagValues.ReadAddressAndPort));
        Set.Add(FlagKinds.Switch(Listeners, "bind-address-hard-fail", "Exit when a server cannot listen, instead of trying again."));
        Set.Add(FlagKinds.Switch(Listeners, "profiling", "Serve /debug paths at the metrics address."));
        Set.Add(FlagKinds.Text(Listeners, "show-hidden-metrics-for-version", "1.N", "The previous minor version, to see the metrics hidden since then."));
        HealthzPort = Set.Add(FlagKinds.Number(Listeners, "healthz-port", "Port of the health server when its address has none; 0 means no health server.", DefaultHealthzPort, Replaced("--healthz-bind-address")));
        MetricsPort = Set.Add(FlagKinds.Number(Listeners, "metrics-port", "Port of the metrics server when its address has none.", DefaultMetricsPort, Replaced("--metrics-bind-address")));

        const FlagGroup Logging = FlagGroup.Logging;
        Set.Add(FlagKinds.Text(Logging, "logging-format", "text|json", "Format of the log.", s_defaults.Logging.Format));
        Set.Add(new TypedFlag<int>(Logging, "v", "N", "Log verbosity: 0 changes of state, 2 and above each object, 4 and above everything.", 0, (text, _) => GoNumber.ReadLevel(text), value => $"{value}") { Shorthand = 'v' });
        Set.Add(new TypedFlag<VerbosityRule[]>(Logging, "vmodule", "PATTERN=N,...", "Verbosity by part of the program whose name matches; text format only.", [], FlagValues.ReadVmodule, FlagValues.WriteVmodule));
        Set.Add(FlagKinds.Duration(Logging, "log-flush-frequency", "Accepted; the log is not buffered.", s_defaults.Logging.FlushFrequency));
        Set.Add(FlagKinds.Switch(Logging, "log-text-split-stream", "Write errors to standard error and the rest to standard output; needs the gate LoggingAlphaOptions."));
        Set.Add(Quantity("log-text-info-buffer-size"));
        Set.Add(FlagKinds.Switch(Logging, "log-json-split-stream", "The same for the json format."));
        Set.Add(Quantity("log-json-info-buffer-size"));

        const FlagGroup Ipvs = FlagGroup.Ipvs;
        IpvsSyncPeriod = Set.Add(FlagKinds.Duration(Ipvs, "ipvs-sync-period", "Period of full synchronisation.", s_defaults.Iptables.SyncPeriod));
        IpvsMinSyncPeriod = Set.Add(FlagKinds.Duration(Ipvs, "ipvs-min-sync-period", "The shortest time between two changes.", s_defaults.Iptables.MinSyncPeriod));
        Set.Add(FlagKinds.Text(Ipvs, "ipvs-scheduler", "NAME", "Scheduler."));
        Set.Add(FlagKinds.List(Ipvs, "ipvs-exclude-cidrs", "CIDR,...", "Virtual servers to leave alone."));
        Set.Add(FlagKinds.Switch(Ipvs, "ipvs-strict-arp", "Answer ARP strictly."));
        Set.Add(FlagKinds.Duration(Ipvs, "ipvs-tcp-timeout", "Idle time-out of TCP connections.", default));
        Set.Add(FlagKinds.Duration(Ipvs, "ipvs-tcpfin-timeout", "Time-out of TCP connections after a FIN.", default));
        Set.Add(FlagKinds.Duration(Ipvs, "ipvs-udp-timeout", "Idle time-out of UDP flows.", default));

        Set.Add(FlagKinds.Text(FlagGroup.Ignored, "boot-id-file", "FILE,...", "Accepted and not used.", "/proc/sys/kernel/random/boot_id"));
        Set.Add(FlagKinds.Text(FlagGroup.Ignored, "machine-id-file", "FILE,...", "Accepted and not used.", "/etc/machine-id,/var/lib/dbus/machine-id"));
    }

    private static int ReadTop(string text) =>
        GoNumber.ReadInt32(text) is var number and >= 0 and <= 5000 ? number : throw new FlagException("it is a number from 0 to 5000");

    private static TypedFlag<string> Address(FlagGroup group, string name, string valueName, string description, string byDefault, Func<string, string, string> read) =>
        new(group, name, valueName, description, byDefault, (text, _) => read(text, byDefault), text => text);

    private static TypedFlag<string> Quantity(string name) =>
        new(FlagGroup.Logging, name, "BYTES", "Accepted; the log is not buffered.", "0", (text, _) => FlagValues.ReadQuantity(text), text => text);

    private static string Replaced(string by) => $"This flag is deprecated and will be removed in a future release. Please use {by} instead.";
}

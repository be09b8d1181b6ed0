using KubeProxySharp.Proxy.Configuration.Flags;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.Proxy.Configuration.Run;

/// <summary>What the agent was started with: flags and configuration file, put together (spec 11.4 to 11.6).</summary>
internal sealed record RunOptions
{
    /// <summary>
    /// The effective configuration: mode, detectLocalMode and nodePortAddresses have their platform defaults filled in;
    /// <c>primary</c> is not resolved.
    /// </summary>
    public required KubeProxyConfiguration Configuration { get; init; }

    /// <summary>Address of the API server that wins over the kubeconfig's; empty when not given.</summary>
    public string Master { get; init; } = "";

    /// <summary>Directories with manifests to use instead of an API server; empty for an API server.</summary>
    public EquatableArray<string> ManifestPaths { get; init; }

    /// <summary>How long a manifest that lost most of its objects must stay unchanged before the loss is applied.</summary>
    public TimeSpan ManifestsSettleTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Whether to end after what needs full root rights (spec 14.3).</summary>
    public bool IsInitOnly { get; init; }

    /// <summary>Whether to remove all rules and end (spec 14.2).</summary>
    public bool IsCleanup { get; init; }

    /// <summary>Where to write the effective configuration before ending; null to run.</summary>
    public string? WriteConfigTo { get; init; }

    /// <summary>One of <see cref="IptablesVariants"/>.</summary>
    public string IptablesVariant { get; init; } = IptablesVariants.Auto;

    /// <summary>One of <see cref="NftablesWriters"/>.</summary>
    public string NftablesWriter { get; init; } = NftablesWriters.Netlink;

    /// <summary>The configuration of egress masquerade, which may be missing; null if that is off.</summary>
    public string? EgressPath { get; init; }

    /// <summary>Whether the kernel counts the connections of Services.</summary>
    public bool HasServiceCounters { get; init; }

    /// <summary>The most service ports whose connections have metrics of their own.</summary>
    public int ServiceCountersTop { get; init; } = 200;

    /// <summary>Where to record what the rules follow from; null for nowhere.</summary>
    public string? RecordPath { get; init; }

    /// <summary>The largest size of the recording, in bytes.</summary>
    public long RecordLimit { get; init; } = 100 * 1024 * 1024;

    /// <summary>What happens to TCP connections whose endpoint is gone.</summary>
    public TcpFlowPolicy TcpFlows { get; init; } = TcpFlowPolicy.Keep;

    /// <summary>Whether the flows of Services are counted for the metrics.</summary>
    public bool CountsServiceFlows { get; init; }

    /// <summary>The configuration file, or null. The agent ends when its content changes.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>The version to report, such as <c>v1.36.2+kube-proxy-sharp.0.1.0</c>.</summary>
    public string ReportedVersion { get; init; } = KubernetesVersion.Text;

    /// <summary>Every flag, by name.</summary>
    public EquatableArray<FlagValue> Flags { get; init; }

    /// <summary>Messages to log about how the options were read, in order.</summary>
    public EquatableArray<string> Notes { get; init; }
}

/// <summary>A flag as the log and /flagz show it.</summary>
/// <param name="Name">Its name without dashes in front.</param>
/// <param name="Value">Its value; user information in URLs is left out.</param>
/// <param name="IsGiven">Whether the command line had it; otherwise the value is the default.</param>
internal sealed record FlagValue(string Name, string Value, bool IsGiven);

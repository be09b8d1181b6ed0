using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.DryRun;

/// <summary>What <c>dry-run</c> was asked for.</summary>
internal sealed record DryRunOptions
{
    /// <summary>Files, directories, or <c>-</c>.</summary>
    public required IReadOnlyList<string> Paths { get; init; }

    public bool IsRecursive { get; init; }

    /// <summary>Older manifests: the text that leads from their rules to those of <see cref="Paths"/> is printed; or empty.</summary>
    public IReadOnlyList<string> DiffFromPaths { get; init; } = [];

    /// <summary>A KubeProxyConfiguration file, or null for the defaults.</summary>
    public string? ConfigPath { get; init; }

    /// <summary>Whether unknown fields of the configuration are errors.</summary>
    public bool IsStrict { get; init; }

    public string? NodeName { get; init; }

    /// <summary>Addresses on the node's interfaces; null for loopback and the Node's status addresses.</summary>
    public IReadOnlyList<IpAddress>? NodeAddresses { get; init; }

    /// <summary>The mode, or null for that of the configuration.</summary>
    public string? Mode { get; init; }

    /// <summary>The families to print.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Where the rules go; null for standard output.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Whether the kernel has nfacct counters.</summary>
    public bool HasNfacct { get; init; } = true;
}

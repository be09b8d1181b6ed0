using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.DryRun;

/// <summary>What <c>dry-run</c> was asked for.</summary>
internal sealed record DryRunOptions : ClusterOptions
{
    /// <summary>Older manifests: the text that leads from their rules to those of <see cref="ClusterOptions.Paths"/> is printed; or empty.</summary>
    public IReadOnlyList<string> DiffFromPaths { get; init; } = [];

    /// <summary>Whether unknown fields of the configuration are errors.</summary>
    public bool IsStrict { get; init; }

    /// <summary>The families to print.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Where the rules go; null for standard output.</summary>
    public string? OutputPath { get; init; }

    /// <summary>Whether the kernel has nfacct counters.</summary>
    public bool HasNfacct { get; init; } = true;
}

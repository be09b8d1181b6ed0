using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Commands.Verify;

/// <summary>What <c>verify</c> was asked for.</summary>
internal sealed record VerifyOptions : ClusterOptions
{
    /// <summary>The families to look at.</summary>
    public required IReadOnlyList<IpFamily> Families { get; init; }

    /// <summary>Saved rules: of iptables-save, ip6tables-save or <c>nft list ruleset</c>, as text or with -j.</summary>
    public IReadOnlyList<string> RulePaths { get; init; } = [];

    /// <summary>Saved flows: of <c>conntrack -L</c>; null for none.</summary>
    public string? ConntrackPath { get; init; }

    /// <summary>Whether to write JSON.</summary>
    public bool IsJson { get; init; }

    /// <summary>Whether this node itself is looked at, rather than what was saved of one.</summary>
    public bool IsLive => RulePaths.Count == 0 && ConntrackPath is null;

    /// <summary>Whether to look at flows.</summary>
    public bool ChecksFlows => IsLive || ConntrackPath is not null;

    /// <summary>Whether to look at rules.</summary>
    public bool ChecksRules => IsLive || RulePaths.Count != 0;
}

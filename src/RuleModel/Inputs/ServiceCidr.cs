using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>A <c>networking.k8s.io/v1</c> ServiceCIDR: ranges that cluster IPs are taken from.</summary>
public sealed record ServiceCidr
{
    /// <summary><c>metadata.name</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>spec.cidrs</c>.</summary>
    public EquatableArray<string> Cidrs { get; init; }
}

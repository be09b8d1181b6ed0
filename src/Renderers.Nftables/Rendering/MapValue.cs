using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The value of a map element.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Target">The endpoint of <see cref="VerdictKind.Target"/>.</param>
/// <param name="Chain">The chain of <see cref="VerdictKind.Shared"/>.</param>
internal readonly record struct MapValue(VerdictKind Kind, EndpointAddress Target, SharedChain Chain)
{
    public static MapValue To(EndpointAddress target) => new(VerdictKind.Target, target, default);

    public static MapValue To(SharedChain chain) => new(VerdictKind.Shared, default, chain);

    public static MapValue Of(VerdictKind kind) => new(kind, default, default);
}

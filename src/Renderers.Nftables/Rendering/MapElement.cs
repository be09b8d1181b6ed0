using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>The value of a map element.</summary>
/// <param name="Kind">Its kind.</param>
/// <param name="Target">The endpoint of <see cref="VerdictKind.Target"/>.</param>
/// <param name="Chain">The chain of <see cref="VerdictKind.Shared"/>.</param>
internal readonly record struct MapValue(VerdictKind Kind, EndpointAddress Target, SharedChain Chain)
{
    public static MapValue To(EndpointAddress target) => new(VerdictKind.Target, target, default);

    public static MapValue To(SharedChain chain) => new(VerdictKind.Shared, default, chain);

    public static MapValue Of(VerdictKind kind) => new(kind, default, default);
}

/// <summary>The kinds of values of map elements.</summary>
internal enum VerdictKind : byte
{
    /// <summary>An endpoint, in the maps with slots.</summary>
    Target,

    /// <summary>goto to a shared chain.</summary>
    Shared,

    /// <summary>Go to <c>service-</c> of the service port.</summary>
    Service,

    /// <summary>Go to <c>local-</c> of the service port.</summary>
    Local,

    /// <summary>Go to <c>external-</c> of the service port.</summary>
    External,

    /// <summary>Go to <c>firewall-</c> of the service port.</summary>
    Firewall,

    /// <summary>Refuse.</summary>
    Reject,

    /// <summary>Drop.</summary>
    Drop,
}

/// <summary>Receives the elements of a map one by one.</summary>
internal interface IElementSink
{
    void Take(ServicePortRules port, in ElementKey key, MapValue value);
}

using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Settings;

/// <summary>Tells traffic of this node's pods from other traffic.</summary>
/// <param name="Kind">How.</param>
/// <param name="Prefix">The source prefix of <see cref="LocalTrafficKind.Prefix"/>.</param>
/// <param name="Interface">The interface name or the beginning of one; empty for the other kinds.</param>
public readonly record struct LocalTrafficDetector(LocalTrafficKind Kind, IpPrefix Prefix, string Interface)
{
    /// <summary>No detection.</summary>
    public static LocalTrafficDetector None { get; } = new(LocalTrafficKind.None, default, "");

    /// <summary>Whether pod traffic can be recognised.</summary>
    public bool IsPresent => Kind != LocalTrafficKind.None;

    /// <summary>Recognises pods by source prefix.</summary>
    public static LocalTrafficDetector ByPrefix(IpPrefix prefix) => new(LocalTrafficKind.Prefix, prefix, "");
}

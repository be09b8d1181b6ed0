using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.RuleModel.Model;

/// <summary>The rules that a node should have, independent of the back end that writes them: an immutable snapshot.</summary>
/// <param name="IPv4">The IPv4 part.</param>
/// <param name="IPv6">The IPv6 part.</param>
public sealed record RuleModelSnapshot(FamilyRules IPv4, FamilyRules IPv6)
{
    /// <summary>The part of a family.</summary>
    public FamilyRules this[IpFamily family] => family == IpFamily.IPv4 ? IPv4 : IPv6;
}

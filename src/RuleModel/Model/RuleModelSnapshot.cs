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

/// <summary>The difference between two models.</summary>
/// <param name="IPv4">The IPv4 part.</param>
/// <param name="IPv6">The IPv6 part.</param>
public sealed record RuleModelChange(FamilyChange IPv4, FamilyChange IPv6)
{
    /// <summary>The part of a family.</summary>
    public FamilyChange this[Addresses.IpFamily family] => family == Addresses.IpFamily.IPv4 ? IPv4 : IPv6;

    /// <summary>The newer model.</summary>
    public RuleModelSnapshot After => new(IPv4.After, IPv6.After);

    /// <summary>Whether the rules are the same before and after.</summary>
    public bool IsEmpty => IPv4.IsEmpty && IPv6.IsEmpty;
}

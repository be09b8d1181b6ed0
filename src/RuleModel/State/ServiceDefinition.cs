using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.RuleModel.State;

/// <summary>A Service after reading: its ports in each family, ordered by name.</summary>
/// <param name="Name">The Service.</param>
/// <param name="IPv4">The ports with an IPv4 cluster IP.</param>
/// <param name="IPv6">The ports with an IPv6 cluster IP.</param>
public sealed record ServiceDefinition(NamespacedName Name, EquatableArray<ServicePortSpec> IPv4, EquatableArray<ServicePortSpec> IPv6)
{
    /// <summary>Whether the Service makes no rules at all: headless, ExternalName, another proxy's, or refused.</summary>
    public bool IsEmpty => IPv4.IsEmpty && IPv6.IsEmpty;

    /// <summary>The ports of a family.</summary>
    public EquatableArray<ServicePortSpec> this[IpFamily family] => family == IpFamily.IPv4 ? IPv4 : IPv6;
}

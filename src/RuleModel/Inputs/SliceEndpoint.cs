using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>An element of <c>endpoints</c> of an EndpointSlice.</summary>
/// <param name="Address">The first of <c>addresses</c>; kube-proxy uses no other.</param>
/// <param name="Conditions"><c>conditions</c> with the defaults of spec 3.3 applied.</param>
/// <param name="NodeName"><c>nodeName</c>, or null.</param>
/// <param name="ZoneHints">The names in <c>hints.forZones</c>.</param>
/// <param name="NodeHints">The names in <c>hints.forNodes</c>.</param>
public readonly record struct SliceEndpoint(
    IpAddress Address,
    EndpointConditions Conditions,
    string? NodeName,
    EquatableArray<string> ZoneHints,
    EquatableArray<string> NodeHints);

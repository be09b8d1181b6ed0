using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Selection;

/// <summary>An endpoint with the hints that selection needs and rules do not.</summary>
/// <param name="Endpoint">The endpoint.</param>
/// <param name="ZoneHints">Zones that should use it.</param>
/// <param name="NodeHints">Nodes that should use it.</param>
internal readonly record struct MergedEndpoint(Endpoint Endpoint, EquatableArray<string> ZoneHints, EquatableArray<string> NodeHints);

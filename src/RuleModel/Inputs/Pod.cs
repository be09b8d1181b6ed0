using KubeProxySharp.RuleModel.Collections;

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>A <c>v1</c> Pod with the fields that identify the pod behind an address. Rules do not depend on Pods.</summary>
public sealed record Pod
{
    /// <summary>Namespace and name.</summary>
    public required NamespacedName Name { get; init; }

    /// <summary><c>status.podIPs</c>, or the single <c>status.podIP</c>.</summary>
    public EquatableArray<string> Addresses { get; init; }

    /// <summary><c>spec.hostNetwork</c>: it has the addresses of its node.</summary>
    public bool IsHostNetwork { get; init; }

    /// <summary><c>spec.nodeName</c>; empty as long as it is not scheduled.</summary>
    public string NodeName { get; init; } = "";

    /// <summary>Whether it has ended: its addresses may then belong to another pod.</summary>
    public bool HasEnded { get; init; }
}

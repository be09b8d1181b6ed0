using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Api;

/// <summary>The object that an Event is about.</summary>
/// <param name="ApiVersion">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>Node</c>.</param>
/// <param name="Namespace">Its namespace; empty for cluster-wide objects, whose events go to <c>default</c>.</param>
/// <param name="Name">Its name.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ObjectReference(string ApiVersion, string Kind, string Namespace, string Name)
{
    /// <summary>A Node by its name alone, as kube-proxy refers to its own (spec 12.6).</summary>
    public static ObjectReference Node(string name) => new("v1", "Node", "", name);

    /// <summary>A Service.</summary>
    public static ObjectReference Service(string space, string name) => new("v1", "Service", space, name);
}

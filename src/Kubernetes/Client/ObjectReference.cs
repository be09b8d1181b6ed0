using System.Runtime.InteropServices;

namespace KubeProxySharp.Kubernetes.Client;

/// <summary>The object that an Event is about.</summary>
/// <param name="ApiVersion">For example <c>v1</c>.</param>
/// <param name="Kind">For example <c>Node</c>.</param>
/// <param name="Namespace">Its namespace; empty for cluster-wide objects, whose events go to <c>default</c>.</param>
/// <param name="Name">Its name.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ObjectReference(string ApiVersion, string Kind, string Namespace, string Name)
{
    private readonly string? _uid;

    /// <summary>Its uid, by which <c>kubectl describe</c> finds its Events; empty if it is not known.</summary>
    public string Uid
    {
        get => _uid ?? "";
        init => _uid = value;
    }

    /// <summary>A Node. Its name stands for its uid, as the kubelet has it: <c>kubectl describe node</c> looks for both.</summary>
    public static ObjectReference Node(string name) => new("v1", "Node", "", name) { Uid = name };

    /// <summary>A Service.</summary>
    public static ObjectReference Service(string space, string name) => new("v1", "Service", space, name);
}

using System.Text;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Names of objects out of their metadata.</summary>
internal static class WireName
{
    /// <summary>The key of an object in a namespace; an empty namespace is <c>default</c>, as in files.</summary>
    /// <exception cref="WireException">The object has no name.</exception>
    public static NamespacedName Namespaced(in ObjectHeader header, NameTable names) =>
        names.Resolve(header.Namespace.IsEmpty ? "default"u8 : header.Namespace, NotEmpty(header.Name));

    /// <summary>The key of a cluster-wide object.</summary>
    /// <exception cref="WireException">The object has no name.</exception>
    public static NamespacedName ClusterWide(in ObjectHeader header, NameTable names) => names.Resolve(default, NotEmpty(header.Name));

    /// <summary>A resource version; empty if it is too long to be one.</summary>
    public static string ResourceVersion(in ObjectHeader header) =>
        header.ResourceVersion.Length > 64 ? "" : Encoding.UTF8.GetString(header.ResourceVersion);

    private static ReadOnlySpan<byte> NotEmpty(ReadOnlySpan<byte> name) => name.IsEmpty ? throw new WireException("an object has no name") : name;
}

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Namespace and name as they stand in a message.</summary>
/// <param name="space">The namespace.</param>
/// <param name="name">The name.</param>
internal readonly ref struct Utf8Name(ReadOnlySpan<byte> space, ReadOnlySpan<byte> name)
{
    /// <summary>The namespace.</summary>
    public ReadOnlySpan<byte> Namespace { get; } = space;

    /// <summary>The name.</summary>
    public ReadOnlySpan<byte> Name { get; } = name;
}

namespace KubeProxySharp.RuleModel.Inputs;

/// <summary>Namespace and name of an object; cluster-wide objects have an empty namespace. Ordered by bytes.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Name">The name.</param>
public readonly record struct NamespacedName(string Namespace, string Name) : IComparable<NamespacedName>
{
    /// <inheritdoc/>
    public int CompareTo(NamespacedName other)
    {
        int byNamespace = string.CompareOrdinal(Namespace, other.Namespace);
        return byNamespace != 0 ? byNamespace : string.CompareOrdinal(Name, other.Name);
    }

    /// <inheritdoc/>
    public bool Equals(NamespacedName other) =>
        string.Equals(Name, other.Name, StringComparison.Ordinal) && string.Equals(Namespace, other.Namespace, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(string.GetHashCode(Namespace, StringComparison.Ordinal), string.GetHashCode(Name, StringComparison.Ordinal));

    /// <summary><c>namespace/name</c>, or the bare name of a cluster-wide object.</summary>
    public override string ToString() => string.IsNullOrEmpty(Namespace) ? Name : $"{Namespace}/{Name}";
}

using System.Text;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Finds names by their UTF-8 bytes. The hash is seeded per process: names are chosen by the cluster's users.</summary>
internal sealed class NameComparer : IEqualityComparer<NamespacedName>, IAlternateEqualityComparer<Utf8Name, NamespacedName>
{
    private const int MaxStackLength = 512;

    public static NameComparer Instance { get; } = new();

    /// <inheritdoc/>
    public bool Equals(NamespacedName x, NamespacedName y) => x.Equals(y);

    /// <inheritdoc/>
    public int GetHashCode(NamespacedName obj)
    {
        HashCode hash = default;
        Add(ref hash, obj.Namespace);
        Add(ref hash, obj.Name);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public bool Equals(Utf8Name alternate, NamespacedName other) =>
        IsText(alternate.Name, other.Name) && IsText(alternate.Namespace, other.Namespace);

    /// <inheritdoc/>
    public int GetHashCode(Utf8Name alternate)
    {
        HashCode hash = default;
        hash.AddBytes(alternate.Namespace);
        hash.Add(0);
        hash.AddBytes(alternate.Name);
        hash.Add(0);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public NamespacedName Create(Utf8Name alternate) =>
        new(Encoding.UTF8.GetString(alternate.Namespace), Encoding.UTF8.GetString(alternate.Name));

    /// <summary>Names of the API are ASCII; other texts are decoded before they are compared.</summary>
    private static bool IsText(ReadOnlySpan<byte> utf8, string text) =>
        Ascii.IsValid(utf8)
            ? Ascii.Equals(utf8, text)
            : string.Equals(Encoding.UTF8.GetString(utf8), text, StringComparison.Ordinal);

    private static void Add(ref HashCode hash, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Span<byte> utf8 = length <= MaxStackLength ? stackalloc byte[MaxStackLength] : new byte[length];
        hash.AddBytes(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
        hash.Add(0);
    }
}

/// <summary>Namespace and name as UTF-8 bytes of a message.</summary>
/// <param name="space">The namespace.</param>
/// <param name="name">The name.</param>
internal readonly ref struct Utf8Name(ReadOnlySpan<byte> space, ReadOnlySpan<byte> name)
{
    public ReadOnlySpan<byte> Namespace { get; } = space;

    public ReadOnlySpan<byte> Name { get; } = name;
}

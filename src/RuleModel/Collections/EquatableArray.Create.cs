using System.Diagnostics.CodeAnalysis;

namespace KubeProxySharp.RuleModel.Collections;

/// <summary>Makes <see cref="EquatableArray{T}"/> values; collection expressions use it.</summary>
[SuppressMessage("Naming", "CA1711:Identifiers should not have incorrect suffix", Justification = "Companion of EquatableArray<T>.")]
[SuppressMessage("Design", "MA0048:File name must match type name", Justification = "Companion of EquatableArray<T>.")]
public static class EquatableArray
{
    /// <summary>Copies the items.</summary>
    public static EquatableArray<T> Create<T>(ReadOnlySpan<T> items) => items.IsEmpty ? default : new(items.ToArray());

    /// <summary>Takes the array over without a copy; the caller must not change it any more.</summary>
    public static EquatableArray<T> Adopt<T>(T[] items) => items.Length == 0 ? default : new(items);

    /// <summary>Copies the items of a list.</summary>
    public static EquatableArray<T> CopyOf<T>(List<T> items) => items.Count == 0 ? default : new([.. items]);
}

namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Adds to the scratch lists of the decoders within <see cref="WireLimits.MaxElements"/>.</summary>
internal static class BoundedList
{
    /// <summary>Adds an element.</summary>
    /// <exception cref="WireException">There are too many.</exception>
    public static void Append<T>(List<T> list, T item)
    {
        if (list.Count == WireLimits.MaxElements)
        {
            throw new WireException($"a list has more than {WireLimits.MaxElements} elements");
        }

        list.Add(item);
    }
}

namespace KubeProxySharp.Renderers.Nftables.Rendering;

/// <summary>Transactions on elements of counting sets.</summary>
internal static class CountingElements
{
    /// <summary>
    /// Removes elements. Each is added before, because the kernel refuses the removal of an element that is not there
    /// (NFT_MSG_DESTROYSETELEM would not need that, but is of kernel 6.3).
    /// </summary>
    public static void Remove<TEncoder>(IReadOnlyList<CountedElement> elements, ref TEncoder encoder)
        where TEncoder : struct, INftEncoder, allows ref struct
    {
        for (int start = 0, end; start < elements.Count; start = end)
        {
            for (end = start + 1; end < elements.Count && elements[end].Set == elements[start].Set; end++)
            {
            }

            Elements(elements, start, end, isDeleted: false, ref encoder);
            Elements(elements, start, end, isDeleted: true, ref encoder);
        }

        encoder.Complete();
    }

    private static void Elements<TEncoder>(IReadOnlyList<CountedElement> elements, int start, int end, bool isDeleted, ref TEncoder encoder)
        where TEncoder : struct, INftEncoder, allows ref struct
    {
        encoder.BeginElements(elements[start].Set, SetKeys.Frontend, isDeleted);
        for (int index = start; index < end; index++)
        {
            CountedKey key = elements[index].Key;
            encoder.Element(new ElementKey(key.Address, key.Protocol, key.Port, Slot: 0));
        }

        encoder.EndElements();
    }
}

namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A table of a listing: where its rules and elements are, not yet what they say.</summary>
/// <param name="family">Its family, as nft writes it.</param>
/// <param name="name">Its name.</param>
/// <param name="source">The listing.</param>
internal sealed class NftTable(string family, string name, NftSource source)
{
    public string Family { get; } = family;

    public string Name { get; } = name;

    public NftSource Source { get; } = source;

    /// <summary>Whether its base chains are not in their hooks.</summary>
    public bool IsDormant { get; set; }

    public Dictionary<string, NftChain> Chains { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, NftSet> Sets { get; } = new(StringComparer.Ordinal);
}

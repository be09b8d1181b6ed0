namespace KubeProxySharp.Renderers.Nftables;

/// <summary>What the host's nft and kernel offer; the defaults are those of a usual node.</summary>
public sealed record NftablesOptions
{
    /// <summary>The options of a usual node.</summary>
    public static NftablesOptions Default { get; } = new();

    /// <summary>Whether tables, chains, sets and maps may have comments (spec 6.1 tells how to find out).</summary>
    public bool HasObjectComments { get; init; } = true;
}

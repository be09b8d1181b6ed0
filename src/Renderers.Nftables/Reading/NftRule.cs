namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A rule as both forms of a listing have it.</summary>
/// <param name="Statements">Matches and statements in their order.</param>
/// <param name="Text">The rule as nft prints it.</param>
/// <param name="Comment">Its comment; empty if it has none.</param>
internal sealed record NftRule(List<NftStatement> Statements, string Text, string Comment);

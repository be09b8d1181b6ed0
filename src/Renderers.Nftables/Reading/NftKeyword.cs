namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A token with its text.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text, without quotes.</param>
/// <param name="Start">Where it begins in the rule, with its quotes.</param>
/// <param name="End">Where it ends.</param>
internal readonly record struct NftKeyword(NftTokenKind Kind, string Text, int Start, int End);

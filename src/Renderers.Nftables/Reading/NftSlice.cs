namespace KubeProxySharp.Renderers.Nftables.Reading;

/// <summary>A part of a listing.</summary>
/// <param name="Start">Its first byte.</param>
/// <param name="Length">How many there are.</param>
/// <param name="Line">The line it begins in, from 1; 0 if it is not known.</param>
internal readonly record struct NftSlice(int Start, int Length, int Line);

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A box with its place in the picture.</summary>
/// <param name="Box">The box.</param>
/// <param name="X">Its left edge.</param>
/// <param name="Y">Its upper edge.</param>
/// <param name="Height">Its height.</param>
internal sealed record PlacedBox(PictureBox Box, int X, int Y, int Height)
{
    public int Bottom => Y + Height;

    public int Middle => X + (PictureLayout.BoxWidth / 2);
}

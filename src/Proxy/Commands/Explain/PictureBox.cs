namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A box of the picture.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Band">The hook that it belongs to; empty for what is outside of the node's hooks.</param>
/// <param name="Title">The first line.</param>
/// <param name="Lines">The lines below.</param>
internal sealed record PictureBox(PictureBoxKind Kind, string Band, string Title, IReadOnlyList<string> Lines);

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A branch of the picture.</summary>
/// <param name="Label">How likely it is; empty for the only one.</param>
/// <param name="Boxes">Its boxes from top to bottom; the last is where it ends.</param>
/// <param name="HasReply">Whether an answer comes back from its end.</param>
internal sealed record PictureLane(string Label, IReadOnlyList<PictureBox> Boxes, bool HasReply);

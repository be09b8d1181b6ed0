namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>A box of the picture.</summary>
/// <param name="Kind">What it stands for.</param>
/// <param name="Band">The hook that it belongs to; empty for what is outside of the node's hooks.</param>
/// <param name="Title">The first line.</param>
/// <param name="Lines">The lines below.</param>
internal sealed record PictureBox(PictureBoxKind Kind, string Band, string Title, IReadOnlyList<PictureLine> Lines)
{
    /// <summary>All of its text, for forms that draw no boxes of their own.</summary>
    public IEnumerable<string> Texts => Lines.Select(static line => line.ToString()).Prepend(Title);
}

/// <summary>A line of a box.</summary>
/// <param name="Text">What it says.</param>
/// <param name="Position">The number of the rule that it is about; 0 for none.</param>
/// <param name="IsRule">Whether it is the text of a rule.</param>
internal sealed record PictureLine(string Text, int Position = 0, bool IsRule = false)
{
    public override string ToString() => Position == 0 ? Text : $"{Position}: {Text}";
}

/// <summary>What a box stands for.</summary>
internal enum PictureBoxKind : byte
{
    /// <summary>Where the packet comes from.</summary>
    Client,

    Chain,

    /// <summary>A chain that rewrites the packet.</summary>
    Rewrite,

    /// <summary>A chain with a rule that is not decided.</summary>
    Doubt,

    /// <summary>Where the packet arrives.</summary>
    Endpoint,

    /// <summary>Where it ends: dropped or refused.</summary>
    End,

    /// <summary>Branches that are not drawn.</summary>
    More,

    /// <summary>A node or a tunnel on the way behind the rules.</summary>
    Hop,

    /// <summary>Something that is likely wrong on that way.</summary>
    Fault,
}

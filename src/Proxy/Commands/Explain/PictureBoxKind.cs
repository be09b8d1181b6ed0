namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>What a box stands for.</summary>
internal enum PictureBoxKind : byte
{
    /// <summary>Where the packet comes from.</summary>
    Client,

    /// <summary>A chain.</summary>
    Chain,

    /// <summary>A chain that rewrites the packet.</summary>
    Rewrite,

    /// <summary>A chain with a rule that is not understood.</summary>
    Doubt,

    /// <summary>Where the packet arrives.</summary>
    Endpoint,

    /// <summary>Where it ends: dropped or refused.</summary>
    End,

    /// <summary>Branches that are not drawn.</summary>
    More,
}

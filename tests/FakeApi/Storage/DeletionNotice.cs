namespace KubeProxySharp.FakeApi.Storage;

/// <summary>How often watchers hear of a deletion.</summary>
public enum DeletionNotice
{
    /// <summary>As it should be.</summary>
    Once,

    /// <summary>Never: only a new list tells.</summary>
    Never,

    /// <summary>Twice, with the same resourceVersion.</summary>
    Twice,
}

namespace KubeProxySharp.Kubernetes.Documents;

/// <summary>
/// Bounds on what is read. The API server takes no object above a few megabytes, so these stop only what is broken or
/// hostile. Lists have no bound of their own: their items are read one at a time.
/// </summary>
public static class DocumentLimits
{
    /// <summary>The largest object, in characters or bytes of source text.</summary>
    public const int MaxObjectLength = 16 * 1024 * 1024;

    /// <summary>The most nodes in one object, aliases expanded.</summary>
    public const int MaxNodes = 4 * 1024 * 1024;

    /// <summary>The deepest nesting.</summary>
    public const int MaxDepth = 64;

    /// <summary>The largest file or stream, in bytes.</summary>
    public const long MaxStreamLength = 4L * 1024 * 1024 * 1024;
}

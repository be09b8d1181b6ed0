namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>What an event of a watch or an item of a list says (wire notes 3.3).</summary>
internal enum ResourceEventType
{
    /// <summary>The object is there: ADDED, MODIFIED, or an item of a list.</summary>
    Put,

    /// <summary>The object is gone or left the selection.</summary>
    Deleted,

    /// <summary>No object, only a resource version; also the end of a list.</summary>
    Bookmark,

    /// <summary>The server ends the stream with a Status.</summary>
    Error,

    /// <summary>An object that cannot be used; the reason is in <see cref="ResourceEvent{T}.Problem"/>.</summary>
    Unusable,
}

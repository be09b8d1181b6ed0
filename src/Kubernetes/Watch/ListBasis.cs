namespace KubeProxySharp.Kubernetes.Watch;

/// <summary>Which state of the server a listing asks for (wire notes 2.3, 3.2).</summary>
internal enum ListBasis
{
    /// <summary>Not older than what was seen before. Cheap, but a server that was put back to an older state refuses it.</summary>
    Seen,

    /// <summary>
    /// What the server has now, whatever was seen before: after a lost connection it may be another server, or one with
    /// another past. A plain list asks for the version first, so that the list itself can come from the server's cache.
    /// </summary>
    Current,

    /// <summary>Whatever the server has, without naming any version; versions have been refused.</summary>
    Unnamed,
}

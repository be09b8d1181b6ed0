namespace KubeProxySharp.Kubernetes.Wire;

/// <summary>Bounds on what is read from the API server, so that a broken or hostile one cannot exhaust the node.</summary>
internal static class WireLimits
{
    /// <summary>The longest watch frame or list item in bytes; client-go has the same bound for frames (wire notes 1.4).</summary>
    public const int MaxObjectLength = 16 * 1024 * 1024;

    /// <summary>The most elements of one repeated field. The API server admits 1000 endpoints in a slice.</summary>
    public const int MaxElements = 65_536;
}

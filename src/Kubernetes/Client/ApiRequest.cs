namespace KubeProxySharp.Kubernetes.Client;

/// <summary>A request before it is sent; it may be sent twice.</summary>
/// <param name="Method">GET, POST or PATCH.</param>
/// <param name="PathAndQuery">Without the server's own path prefix.</param>
internal sealed record ApiRequest(HttpMethod Method, string PathAndQuery)
{
    /// <summary>The body, if there is one.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The body's media type.</summary>
    public string ContentType { get; init; } = "";

    /// <summary>The formats that the answer may have; null for those of the client.</summary>
    public string? Accept { get; init; }

    /// <summary>Whether the answer is a watch.</summary>
    public bool IsWatch { get; init; }

    /// <summary>Method and path without the query.</summary>
    public override string ToString()
    {
        int query = PathAndQuery.IndexOf('?', StringComparison.Ordinal);
        return $"{Method} {(query < 0 ? PathAndQuery : PathAndQuery[..query])}";
    }
}

namespace KubeProxySharp.Kubernetes.Connection.Transport;

/// <summary>
/// Connections made with the same certificates. Belongs to its creator and to every request that waits for its headers;
/// the last to leave closes it. Bodies that are still being read go on: a handler that is disposed closes only connections
/// without streams.
/// </summary>
/// <param name="material">What the connections are made with.</param>
/// <param name="handler">Makes them.</param>
internal sealed class Connections(TlsMaterial material, HttpMessageHandler handler)
{
    private int _users = 1;

    public TlsMaterial Material { get; } = material;

    public HttpMessageInvoker Invoker { get; } = new(handler, disposeHandler: true);

    /// <summary>Only while the creator has not left.</summary>
    public void Enter() => Interlocked.Increment(ref _users);

    public void Leave()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            Invoker.Dispose();
        }
    }
}

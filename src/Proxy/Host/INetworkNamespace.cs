namespace KubeProxySharp.Proxy.Host;

/// <summary>The network namespace in which child processes are started and sockets are opened.</summary>
internal interface INetworkNamespace
{
    /// <summary>Runs a synchronous action on a thread in the namespace; its exceptions are rethrown.</summary>
    T Run<T>(Func<T> action);
}

/// <summary>The network namespace the program itself is in: that of the node.</summary>
internal sealed class HostNetns : INetworkNamespace
{
    public static HostNetns Instance { get; } = new();

    /// <inheritdoc/>
    public T Run<T>(Func<T> action) => action();
}

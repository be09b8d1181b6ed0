namespace KubeProxySharp.Proxy.Host;

/// <summary>The network namespace in which child processes are started and sockets are opened.</summary>
internal interface INetworkNamespace
{
    /// <summary>Does something synchronous on a thread that is in the namespace; what it throws is thrown here.</summary>
    T Run<T>(Func<T> action);
}

/// <summary>The network namespace the program itself is in: that of the node.</summary>
internal sealed class HostNetns : INetworkNamespace
{
    /// <summary>There is only one.</summary>
    public static HostNetns Instance { get; } = new();

    /// <inheritdoc/>
    public T Run<T>(Func<T> action) => action();
}

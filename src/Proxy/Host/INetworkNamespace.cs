namespace KubeProxySharp.Proxy.Host;

/// <summary>The network namespace in which child processes are started and sockets are opened.</summary>
internal interface INetworkNamespace
{
    /// <summary>Does something synchronous on a thread that is in the namespace; what it throws is thrown here.</summary>
    T Run<T>(Func<T> action);
}

namespace KubeProxySharp.Proxy.Host;

/// <summary>The network namespace the program itself is in: that of the node.</summary>
internal sealed class HostNetns : INetworkNamespace
{
    /// <summary>There is only one.</summary>
    public static HostNetns Instance { get; } = new();

    /// <inheritdoc/>
    public T Run<T>(Func<T> action) => action();
}

namespace KubeProxySharp.Proxy.Host;

/// <summary>The network namespace the program itself is in: that of the node.</summary>
internal sealed class OwnNetwork : INetworkPlace
{
    /// <summary>There is only one.</summary>
    public static OwnNetwork Instance { get; } = new();

    /// <inheritdoc/>
    public T Run<T>(Func<T> action) => action();
}

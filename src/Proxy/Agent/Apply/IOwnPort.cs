namespace KubeProxySharp.Proxy.Agent.Apply;

/// <summary>A netlink port through which this process changes rules, so that changes made through it are known to be its own. Disposed before the port is closed.</summary>
internal interface IOwnPort : IDisposable
{
    /// <summary>A transaction was carried out. Called after each.</summary>
    void Committed();
}

namespace KubeProxySharp.Proxy.Host;

/// <summary>Kernel parameters below <c>/proc/sys</c> that are numbers.</summary>
internal interface ISysctl
{
    /// <summary>Reads a parameter; null when it is missing or no number.</summary>
    /// <param name="name">Its path below <c>/proc/sys</c>, such as <c>net/ipv4/ip_forward</c>.</param>
    long? TryRead(string name);

    /// <summary>Sets a parameter.</summary>
    /// <exception cref="KernelSetupException">The kernel does not take it.</exception>
    void Write(string name, long value);
}

namespace KubeProxySharp.Proxy.Agent.Counting;

/// <summary>Reads the kernel's counters of connections of one family.</summary>
internal interface IConnectionCounters
{
    /// <summary>Adds the value of each counter that exists now. May be called beside the sync loop, from another thread.</summary>
    /// <returns>Null, or why they could not be read; what was added before is valid then.</returns>
    string? Read(List<ConnectionCount> counts);
}

namespace KubeProxySharp.Conntrack.Flows;

/// <summary>What one processor counted in this network namespace since boot (<c>conntrack -S</c>).</summary>
public record struct CpuStatistics
{
    /// <summary>Number of the processor, from 0.</summary>
    public int Cpu { get; set; }

    /// <summary>Lookups of the NAT and expectation code that found a flow.</summary>
    public uint Found { get; set; }

    /// <summary>Packets that could not be tracked.</summary>
    public uint Invalid { get; set; }

    /// <summary>Flows that were put into the table by hand.</summary>
    public uint Insert { get; set; }

    /// <summary>Flows that were not put into the table because one with the same tuple was there.</summary>
    public uint InsertFailed { get; set; }

    /// <summary>Packets dropped because a flow could not be made or put into the table.</summary>
    public uint Drop { get; set; }

    /// <summary>Flows given up early because the table was full.</summary>
    public uint EarlyDrop { get; set; }

    /// <summary>ICMP packets with errors.</summary>
    public uint Error { get; set; }

    /// <summary>Lookups that began again because the table was resized.</summary>
    public uint SearchRestart { get; set; }

    /// <summary>Clashes that were settled by using the flow that was there first.</summary>
    public uint ClashResolve { get; set; }

    /// <summary>Flows not put into the table because their hash chain was too long.</summary>
    public uint ChainTooLong { get; set; }
}

namespace KubeProxySharp.Conntrack.Flows;

/// <summary>The counters of one processor in this network namespace since boot (<c>conntrack -S</c>).</summary>
public record struct CpuStatistics
{
    /// <summary>Number of the processor, from 0.</summary>
    public int Cpu { get; set; }

    /// <summary>Lookups of the NAT and expectation code that found a flow.</summary>
    public uint Found { get; set; }

    /// <summary>Packets that could not be tracked.</summary>
    public uint Invalid { get; set; }

    /// <summary>Flows that were inserted from user space.</summary>
    public uint Insert { get; set; }

    /// <summary>Flows that were not inserted because one with the same tuple existed.</summary>
    public uint InsertFailed { get; set; }

    /// <summary>Packets dropped because a flow could not be created or inserted.</summary>
    public uint Drop { get; set; }

    /// <summary>Flows dropped early because the table was full.</summary>
    public uint EarlyDrop { get; set; }

    /// <summary>ICMP packets with errors.</summary>
    public uint Error { get; set; }

    /// <summary>Lookups that were restarted because the table was resized.</summary>
    public uint SearchRestart { get; set; }

    /// <summary>Clashes that were resolved by using the existing flow.</summary>
    public uint ClashResolve { get; set; }

    /// <summary>Flows not inserted because their hash chain was too long.</summary>
    public uint ChainTooLong { get; set; }
}

/// <summary>The fill level of the conntrack table.</summary>
/// <param name="Entries">Number of flows in this network namespace.</param>
/// <param name="Limit">The most flows it may have (<c>nf_conntrack_max</c>); 0 when unknown, before Linux 5.0.</param>
public readonly record struct TableSize(uint Entries, uint Limit);

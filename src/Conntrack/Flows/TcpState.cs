namespace KubeProxySharp.Conntrack.Flows;

/// <summary>The state of a tracked TCP connection (<c>enum tcp_conntrack</c> of linux/netfilter/nf_conntrack_tcp.h).</summary>
public enum TcpState : byte
{
    /// <summary>Not known.</summary>
    None,

    /// <summary>A SYN was seen.</summary>
    SynSent,

    /// <summary>SYN and ACK were seen.</summary>
    SynReceived,

    /// <summary>The handshake is complete.</summary>
    Established,

    /// <summary>A first FIN was seen.</summary>
    FinWait,

    /// <summary>The first FIN was acknowledged.</summary>
    CloseWait,

    /// <summary>Both FINs were seen.</summary>
    LastAck,

    /// <summary>Closed; late packets are still recognised.</summary>
    TimeWait,

    /// <summary>Reset, or closed.</summary>
    Close,

    /// <summary>Both sides sent a SYN.</summary>
    SynSent2,
}

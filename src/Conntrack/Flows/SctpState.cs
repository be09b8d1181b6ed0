namespace KubeProxySharp.Conntrack.Flows;

/// <summary>The state of a tracked SCTP association (<c>enum sctp_conntrack</c> of linux/netfilter/nf_conntrack_sctp.h).</summary>
public enum SctpState : byte
{
    /// <summary>Not known.</summary>
    None,

    /// <summary>No association.</summary>
    Closed,

    /// <summary>An INIT was seen.</summary>
    CookieWait,

    /// <summary>A COOKIE ECHO was seen.</summary>
    CookieEchoed,

    /// <summary>The association is up.</summary>
    Established,

    /// <summary>A SHUTDOWN in original direction was seen.</summary>
    ShutdownSent,

    /// <summary>A SHUTDOWN in reply direction was seen.</summary>
    ShutdownReceived,

    /// <summary>A SHUTDOWN ACK was seen.</summary>
    ShutdownAckSent,

    /// <summary>A HEARTBEAT without an association was seen.</summary>
    HeartbeatSent,

    /// <summary>The HEARTBEAT was acknowledged; only kernels before 6.3 have this state.</summary>
    HeartbeatAcknowledged,
}

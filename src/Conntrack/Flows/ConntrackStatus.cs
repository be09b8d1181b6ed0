namespace KubeProxySharp.Conntrack.Flows;

/// <summary>Status bits of a flow (<c>enum ip_conntrack_status</c> of linux/netfilter/nf_conntrack_common.h).</summary>
[Flags]
public enum ConntrackStatus : uint
{
    /// <summary>No bit.</summary>
    None = 0,

    /// <summary>It was expected because of another flow (IPS_EXPECTED).</summary>
    Expected = 1 << 0,

    /// <summary>Packets were seen in both directions (IPS_SEEN_REPLY).</summary>
    SeenReply = 1 << 1,

    /// <summary>It is not dropped early when the table is full (IPS_ASSURED).</summary>
    Assured = 1 << 2,

    /// <summary>Its first packet left the node, so it is in the table (IPS_CONFIRMED).</summary>
    Confirmed = 1 << 3,

    /// <summary>Its source is translated in the original direction (IPS_SRC_NAT).</summary>
    SourceNat = 1 << 4,

    /// <summary>Its destination is translated in the original direction (IPS_DST_NAT).</summary>
    DestinationNat = 1 << 5,

    /// <summary>TCP sequence numbers are adjusted (IPS_SEQ_ADJUST).</summary>
    SequenceAdjust = 1 << 6,

    /// <summary>Source translation was decided (IPS_SRC_NAT_DONE).</summary>
    SourceNatDone = 1 << 7,

    /// <summary>Destination translation was decided (IPS_DST_NAT_DONE).</summary>
    DestinationNatDone = 1 << 8,

    /// <summary>It is being removed (IPS_DYING).</summary>
    Dying = 1 << 9,

    /// <summary>Its time-out is not renewed by packets (IPS_FIXED_TIMEOUT).</summary>
    FixedTimeout = 1 << 10,

    /// <summary>A template, not a flow (IPS_TEMPLATE).</summary>
    Template = 1 << 11,

    /// <summary>Obsolete (IPS_UNTRACKED).</summary>
    Untracked = 1 << 12,

    /// <summary>A helper was attached (IPS_HELPER).</summary>
    Helper = 1 << 13,

    /// <summary>A flow table forwards it in software (IPS_OFFLOAD).</summary>
    Offload = 1 << 14,

    /// <summary>A flow table forwards it in hardware (IPS_HW_OFFLOAD).</summary>
    HardwareOffload = 1 << 15,
}

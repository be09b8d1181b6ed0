namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Kinds of <see cref="NetlinkException"/>.</summary>
public enum NetlinkFailure
{
    /// <summary>The process lacks CAP_NET_ADMIN in the network namespace.</summary>
    NotPermitted,

    /// <summary>The kernel has no conntrack netlink (module nf_conntrack_netlink).</summary>
    NotSupported,

    /// <summary>A message of the kernel cannot be read: bad lengths, or missing parts.</summary>
    MalformedMessage,

    /// <summary>A line of a saved listing cannot be read.</summary>
    MalformedText,

    /// <summary>The kernel did not answer in time.</summary>
    NoAnswer,

    /// <summary>The kernel refused for another reason; see <see cref="NetlinkException.ErrorNumber"/>.</summary>
    Refused,
}

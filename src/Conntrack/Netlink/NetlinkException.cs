namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>The only exception type of this project: a netlink request failed, or an answer or a saved listing cannot be read.</summary>
/// <param name="failure">The kind of failure.</param>
/// <param name="message">The attempt, the result and the remedy.</param>
/// <param name="errorNumber">The errno of the kernel; 0 for other failures.</param>
public sealed class NetlinkException(NetlinkFailure failure, string message, int errorNumber = 0) : Exception(message)
{
    /// <summary>The kind of failure.</summary>
    public NetlinkFailure Failure { get; } = failure;

    /// <summary>The errno of the kernel (asm-generic/errno-base.h); 0 for other failures.</summary>
    public int ErrorNumber { get; } = errorNumber;
}

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

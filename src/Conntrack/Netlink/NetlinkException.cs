namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>The only exception of this project: the conntrack table could not be read or changed.</summary>
/// <param name="failure">What kind of thing went wrong.</param>
/// <param name="message">What was tried, what came back and what to do.</param>
/// <param name="errorNumber">The errno of the kernel; 0 if it did not come from there.</param>
public sealed class NetlinkException(NetlinkFailure failure, string message, int errorNumber = 0) : Exception(message)
{
    /// <summary>What kind of thing went wrong.</summary>
    public NetlinkFailure Failure { get; } = failure;

    /// <summary>The errno of the kernel (asm-generic/errno-base.h); 0 if it did not come from there.</summary>
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

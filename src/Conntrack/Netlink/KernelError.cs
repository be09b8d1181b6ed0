using System.Globalization;
using System.Runtime.InteropServices;

namespace KubeProxySharp.Conntrack.Netlink;

/// <summary>Converts errno values into exceptions whose messages contain the remedy.</summary>
internal static class KernelError
{
    public static NetlinkException ToException(string attempt, int error) => error switch
    {
        Errno.NotPermitted or Errno.AccessDenied => new(
            NetlinkFailure.NotPermitted,
            $"{attempt}: not permitted; give the process CAP_NET_ADMIN in its network namespace (a pod needs securityContext.capabilities.add: [NET_ADMIN])",
            error),
        Errno.NotSupported or Errno.ProtocolNotSupported or Errno.FamilyNotSupported => NotSupported(attempt, error),
        Errno.TryAgain => new(
            NetlinkFailure.NoAnswer,
            "the kernel did not answer a netlink request within ten seconds; try again, and look at the kernel log",
            error),
        _ => new(
            NetlinkFailure.Refused,
            string.Create(CultureInfo.InvariantCulture, $"{attempt}: errno {error}, {Marshal.GetPInvokeErrorMessage(error)}"),
            error),
    };

    /// <summary>A kernel without the subsystem answers EINVAL to its messages (nfnetlink.c).</summary>
    public static NetlinkException NotSupported(string attempt, int error) => new(
        NetlinkFailure.NotSupported,
        $"{attempt}: the kernel has no conntrack netlink; load it with \"modprobe nf_conntrack_netlink\"",
        error);
}

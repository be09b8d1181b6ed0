using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Host;

/// <summary>The address families that rules are made for (spec 7.7).</summary>
/// <param name="Primary">The family of the node's primary address.</param>
/// <param name="IsDualStack">Whether the other family has rules too.</param>
internal sealed record AddressFamilies(IpFamily Primary, bool IsDualStack)
{
    /// <summary>The families, IPv4 first.</summary>
    public IReadOnlyList<IpFamily> All => IsDualStack ? [IpFamily.IPv4, IpFamily.IPv6] : [Primary];

    /// <summary>Finds out what the node supports.</summary>
    /// <param name="primary">The family of the node's primary address.</param>
    /// <param name="isToolUsable">Whether the tool of the mode works for a family; nftables always does.</param>
    /// <param name="toolProblem">Why the tool does not work, for the message when it works for no family.</param>
    /// <param name="hasKernelIPv6">Whether the kernel has IPv6 (<see cref="HasKernelIPv6"/>).</param>
    /// <exception cref="KernelSetupException">Nothing is supported, or not the primary family.</exception>
    public static AddressFamilies Detect(IpFamily primary, Func<IpFamily, bool> isToolUsable, Func<string> toolProblem, bool hasKernelIPv6)
    {
        bool isIPv4 = isToolUsable(IpFamily.IPv4);
        bool isIPv6Tool = isToolUsable(IpFamily.IPv6);
        if (!isIPv4 && !isIPv6Tool)
        {
            throw new KernelSetupException($"iptables is not available on this host : {toolProblem()}");
        }

        bool isIPv6 = isIPv6Tool && hasKernelIPv6;
        if (!(primary == IpFamily.IPv4 ? isIPv4 : isIPv6))
        {
            throw new KernelSetupException($"no support for primary IP family \"{primary}\"");
        }

        return new AddressFamilies(primary, isIPv4 && isIPv6);
    }

    /// <summary>Whether the kernel has IPv6 and it is not switched off.</summary>
    public static bool HasKernelIPv6(KernelFiles files, ISysctl sysctl) =>
        files.Exists("proc/net/if_inet6") && sysctl.TryRead(SysctlNames.DisableIPv6) != 1;
}

using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.CleanUp;

/// <summary>
/// Takes away rules: those of the modes that are not in use, at every start (spec 14.1), or all of them (spec 14.2). Rules of
/// others stay, and so do KUBE-FIREWALL and the jumps to it, which the kubelet has as well.
/// </summary>
/// <param name="runner">Runs the tools.</param>
/// <param name="keepsServiceCounters">Whether rules of mode iptables that stay refer to counters of connections.</param>
internal sealed class RuleCleanUp(ProcessRunner runner, bool keepsServiceCounters = false)
{
    private static readonly IpFamily[] s_families = [IpFamily.IPv4, IpFamily.IPv6];

    /// <summary>Takes away the tables of one family that the other mode may have left.</summary>
    /// <param name="mode">The mode that stays, one of <see cref="ProxyMode"/>.</param>
    /// <param name="family">The family.</param>
    /// <param name="result">Is given what was done and what went wrong.</param>
    /// <param name="cancellation">Kills the tools.</param>
    public async Task CleanOtherModesAsync(string mode, IpFamily family, CleanUpResult result, CancellationToken cancellation)
    {
        if (mode == ProxyMode.Nftables)
        {
            await CleanIptablesAsync(family, result, cancellation);
            return;
        }

        await NftablesCleanUp.RunAsync(runner, family, result, cancellation);
        if (!keepsServiceCounters)
        {
            await ServiceCounterCleanUp.RunAsync(runner, family, result, cancellation); // of a run that counted connections
        }
    }

    /// <summary>Takes away what mode ipvs may have left, for both families: they share an interface.</summary>
    public Task CleanIpvsAsync(string mode, CleanUpResult result, CancellationToken cancellation) =>
        mode == ProxyMode.Nftables ? IpvsCleanUp.RunAsync(runner, result, cancellation) : Task.CompletedTask;

    /// <summary>Takes away everything, as <c>--cleanup</c> asks for.</summary>
    public async Task<CleanUpResult> CleanAllAsync(CancellationToken cancellation)
    {
        CleanUpResult result = new();
        await IpvsCleanUp.RunAsync(runner, result, cancellation);
        foreach (IpFamily family in s_families)
        {
            await CleanIptablesAsync(family, result, cancellation);
        }

        foreach (IpFamily family in s_families)
        {
            await NftablesCleanUp.RunAsync(runner, family, result, cancellation);
        }

        return result;
    }

    /// <summary>Both variants: a node that changed from one to the other has rules in both.</summary>
    private async Task CleanIptablesAsync(IpFamily family, CleanUpResult result, CancellationToken cancellation)
    {
        foreach (IptablesTools tools in IptablesTools.Installed(family))
        {
            await IptablesCleanUp.RunAsync(runner, tools, result, cancellation);
        }

        await ServiceCounterCleanUp.RunAsync(runner, family, result, cancellation);
    }
}

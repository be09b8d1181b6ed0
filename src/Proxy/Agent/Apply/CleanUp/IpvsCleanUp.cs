using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.Proxy.Host;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Agent.Apply.CleanUp;

/// <summary>
/// Takes away what kube-proxy's ipvs mode left (spec 14.2), as far as the host has the tools for it: without ipvsadm,
/// nothing is done. Best effort: what is not there is not an error. Chains with names of iptables mode are taken away by
/// <see cref="IptablesCleanUp"/>, which runs after this.
/// </summary>
internal static class IpvsCleanUp
{
    private static readonly (string Chain, string Comment, string Target)[] s_jumps =
    [
        ("INPUT", "kubernetes health check rules", "KUBE-NODE-PORT"),
        ("INPUT", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
        ("FORWARD", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
        ("INPUT", "kubernetes ipvs access filter", "KUBE-IPVS-FILTER"),
        ("OUTPUT", "kubernetes ipvs access filter", "KUBE-IPVS-OUT-FILTER"),
    ];

    private static readonly (string Table, string Chain)[] s_chains =
    [
        ("nat", "KUBE-NODE-PORT"),
        ("nat", "KUBE-LOAD-BALANCER"),
        ("filter", "KUBE-NODE-PORT"),
        ("filter", "KUBE-PROXY-FIREWALL"),
        ("filter", "KUBE-SOURCE-RANGES-FIREWALL"),
        ("filter", "KUBE-IPVS-FILTER"),
        ("filter", "KUBE-IPVS-OUT-FILTER"),
    ];

    private static readonly string[] s_sets =
    [
        "KUBE-LOOP-BACK", "KUBE-CLUSTER-IP", "KUBE-EXTERNAL-IP", "KUBE-EXTERNAL-IP-LOCAL", "KUBE-LOAD-BALANCER",
        "KUBE-LOAD-BALANCER-FW", "KUBE-LOAD-BALANCER-LOCAL", "KUBE-LOAD-BALANCER-SOURCE-IP", "KUBE-LOAD-BALANCER-SOURCE-CIDR",
        "KUBE-NODE-PORT-TCP", "KUBE-NODE-PORT-LOCAL-TCP", "KUBE-NODE-PORT-UDP", "KUBE-NODE-PORT-LOCAL-UDP",
        "KUBE-NODE-PORT-SCTP-HASH", "KUBE-NODE-PORT-LOCAL-SCTP-HASH", "KUBE-HEALTH-CHECK-NODE-PORT", "KUBE-IPVS-IPS",
    ];

    public static async Task RunAsync(ProcessRunner runner, CleanUpResult result, CancellationToken cancellation)
    {
        if (ToolPath.Find("ipvsadm") is null)
        {
            return;
        }

        if (!(await runner.RunAsync(new("ipvsadm", "-L", "-n"), cancellation)).IsSuccess)
        {
            // The kernel has no ipvs.
            return;
        }

        ProcessResult cleared = await runner.RunAsync(new("ipvsadm", "-C"), cancellation);
        if (!cleared.IsSuccess)
        {
            result.Failed($"ipvs: virtual servers stay: {cleared.Describe("ipvsadm -C")}");
            return;
        }

        await runner.RunAsync(new("ip", "link", "delete", "kube-ipvs0"), cancellation);
        foreach (IpFamily family in (IpFamily[])[IpFamily.IPv4, IpFamily.IPv6])
        {
            foreach (IptablesTools tools in IptablesTools.Installed(family))
            {
                await CleanChainsAsync(runner, tools, cancellation);
            }
        }

        foreach (string set in s_sets)
        {
            await runner.RunAsync(new("ipset", "destroy", set), cancellation);
            await runner.RunAsync(new("ipset", "destroy", "6-" + set), cancellation);
        }

        result.Done("ipvs virtual servers, chains and sets");
    }

    private static async Task CleanChainsAsync(ProcessRunner runner, IptablesTools tools, CancellationToken cancellation)
    {
        foreach ((string chain, string comment, string target) in s_jumps)
        {
            await RunAsync(runner, tools, ["-D", chain, "-t", "filter", "-m", "comment", "--comment", comment, "-j", target], cancellation);
        }

        foreach (string operation in (string[])["-F", "-X"])
        {
            foreach ((string table, string chain) in s_chains)
            {
                await RunAsync(runner, tools, [operation, chain, "-t", table], cancellation);
            }
        }
    }

    private static Task<ProcessResult> RunAsync(ProcessRunner runner, IptablesTools tools, string[] arguments, CancellationToken cancellation) =>
        runner.RunAsync(new(tools.Command, [.. IptablesTools.Wait, .. arguments]), cancellation);
}

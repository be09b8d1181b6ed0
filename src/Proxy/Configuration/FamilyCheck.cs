using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>
/// Checks a configuration against the address families of the node: warnings and errors that are known only when
/// the node's addresses are (spec 7.7).
/// </summary>
/// <param name="configuration">The configuration, with <c>primary</c> in nodePortAddresses resolved.</param>
/// <param name="podCidrs">The pod ranges of the Node object; empty when unknown.</param>
/// <param name="primary">The family of the node's primary address.</param>
internal sealed class FamilyCheck(KubeProxyConfiguration configuration, IReadOnlyList<string> podCidrs, IpFamily primary)
{
    private IpFamily Other => primary == IpFamily.IPv4 ? IpFamily.IPv6 : IpFamily.IPv4;

    /// <summary>Advice on nodePortAddresses; never fatal.</summary>
    public IReadOnlyList<string> Warnings()
    {
        string[] addresses = configuration.NodePortAddresses.AsSpan().ToArray();
        if (addresses.Length == 0)
        {
            return ["nodePortAddresses is unset; NodePort connections will be accepted on all local IPs. Consider using `--nodeport-addresses primary`"];
        }

        int primaryCount = addresses.Count(address => FamilyOfCidr(address) == primary);
        string[][] lists = [configuration.ClusterCidrs, addresses, configuration.Ipvs.ExcludeCidrs.AsSpan().ToArray(), [.. podCidrs]];
        if (Array.Exists(lists, IsDualStack) && primaryCount == addresses.Length)
        {
            return [$"cluster appears to be dual-stack but nodePortAddresses contains only {primary} addresses; NodePort connections will be accepted on all local {Other} IPs"];
        }

        return primaryCount != 0
            ? []
            : [$"cluster appears to be {primary}-primary but nodePortAddresses contains only {Other} addresses; NodePort connections will be accepted on all local {primary} IPs"];
    }

    /// <summary>Checks for settings of the wrong family.</summary>
    /// <param name="isDualStack">Whether rules are made for both families.</param>
    /// <returns>The warnings.</returns>
    /// <exception cref="ConfigurationException">A setting without which local traffic is not recognised has the wrong family.</exception>
    public IReadOnlyList<string> CheckFamilies(bool isDualStack)
    {
        List<string> problems = [];
        string cluster = isDualStack ? $"{primary}-primary" : $"{primary}-only";
        bool isFatal = false;
        if (IsAllOther(configuration.ClusterCidrs))
        {
            problems.Add($"cluster is {cluster} but clusterCIDRs contains only {Other} addresses");
            isFatal = configuration.EffectiveDetectLocalMode is "ClusterCIDR" && !isDualStack;
        }

        if (IsAllOther(podCidrs))
        {
            problems.Add($"cluster is {cluster} but node.spec.podCIDRs contains only {Other} addresses");
            isFatal |= configuration.EffectiveDetectLocalMode is "NodeCIDR";
        }

        if (IpAddress.TryParse(configuration.Winkernel.SourceVip, out IpAddress sourceVip) && sourceVip.Family == Other)
        {
            problems.Add($"cluster is {cluster} but winkernel.sourceVip is {Other}");
        }

        if (!isDualStack)
        {
            AddSingleStackProblems(problems, cluster);
        }

        return isFatal ? throw new ConfigurationException("kube-proxy configuration is incorrect: " + ConfigurationValidator.Join(problems)) : problems;
    }

    private static IpFamily? FamilyOfCidr(string text) => IpPrefix.TryParse(text, out IpPrefix prefix) ? prefix.Family : null;

    private static bool IsDualStack(string[] cidrs) =>
        Array.Exists(cidrs, cidr => FamilyOfCidr(cidr) == IpFamily.IPv4) && Array.Exists(cidrs, cidr => FamilyOfCidr(cidr) == IpFamily.IPv6);

    private bool IsAllOther(IReadOnlyList<string> cidrs) => cidrs.Count != 0 && cidrs.All(cidr => FamilyOfCidr(cidr) == Other);

    private void AddSingleStackProblems(List<string> problems, string cluster)
    {
        if (IsAllOther(configuration.Ipvs.ExcludeCidrs.AsSpan().ToArray()))
        {
            problems.Add($"cluster is {cluster} but ipvs.excludeCIDRs contains only {Other} addresses");
        }

        foreach ((string name, string address) in new[]
                 {
                     ("healthzBindAddress", configuration.HealthzBindAddress),
                     ("metricsBindAddress", configuration.MetricsBindAddress),
                 })
        {
            if (HostPort.TrySplit(address, out string host, out _) && IpAddress.TryParse(host, out IpAddress ip) && ip.Family == Other && !ip.IsUnspecified)
            {
                problems.Add($"cluster is {cluster} but {name} is {Other}");
            }
        }
    }
}

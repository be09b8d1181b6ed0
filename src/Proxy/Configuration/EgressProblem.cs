using KubeProxySharp.RuleModel.Settings;

namespace KubeProxySharp.Proxy.Configuration;

/// <summary>Says where egress masquerade, which is on, does not do what somebody may expect of it.</summary>
internal static class EgressProblem
{
    /// <summary>One text for each problem, with the remedy.</summary>
    /// <param name="policy">The policy; null if egress masquerade is off.</param>
    /// <param name="families">The settings of the families that have rules.</param>
    public static IEnumerable<string> Describe(EgressPolicy? policy, IEnumerable<NodeSettings> families)
    {
        if (policy is null)
        {
            yield break;
        }

        foreach (NodeSettings settings in families)
        {
            LocalTrafficDetector pods = settings.Egress?.Pods ?? settings.LocalTraffic;
            if (EgressMasquerade.WhyNot(settings.Family, policy, pods) is { } reason)
            {
                yield return $"egress masquerade writes no {settings.Family} rules: {reason}";
            }
            else if (pods.Kind == LocalTrafficKind.Prefix && settings.Egress is { } egress && !egress.KeepsAll(pods.Prefix))
            {
                yield return $"egress masquerade: nonMasqueradeCIDRs does not contain the pod CIDR {pods.Prefix}; pods on other nodes see the address of the node instead of the pod's";
            }
        }
    }
}

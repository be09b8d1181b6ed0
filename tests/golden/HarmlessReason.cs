namespace KubeProxySharp.Golden.Tests;

/// <summary>Why a change of rules changes nothing, by what was changed.</summary>
internal static class HarmlessReason
{
    /// <summary>The reason; what the samples say if there is no shorter one.</summary>
    public static string Of(Mutation mutation, int samples)
    {
        string what = mutation.What;
        if (what.Contains("KUBE-POSTROUTING -j MARK", StringComparison.Ordinal))
        {
            return "only the mark that a packet leaves with differs";
        }

        if (what.Contains("-j ACCEPT", StringComparison.Ordinal) && what.StartsWith("-A KUBE-NODEPORTS", StringComparison.Ordinal))
        {
            return "accepts what the policy accepts";
        }

        if (what.StartsWith("-A KUBE-FORWARD", StringComparison.Ordinal) && what.Contains("-j ACCEPT", StringComparison.Ordinal))
        {
            return "accepts what no later rule refuses and the policy accepts";
        }

        if (what.Contains("-j KUBE-FORWARD", StringComparison.Ordinal) || what.Contains("-j KUBE-PROXY-FIREWALL", StringComparison.Ordinal)
            || what.Contains("-j KUBE-EXTERNAL-SERVICES", StringComparison.Ordinal) || what.Contains("-j KUBE-SERVICES", StringComparison.Ordinal)
            || what.Contains("-j KUBE-NODEPORTS", StringComparison.Ordinal) || what.Contains("-j KUBE-FIREWALL", StringComparison.Ordinal))
        {
            return "goes to a chain that has nothing for it";
        }

        if (what.Contains("localhost_nps_accepted_pkts", StringComparison.Ordinal))
        {
            return "the next rule does the same, only without counting";
        }

        if (what.StartsWith("-A", StringComparison.Ordinal) && !what.Contains(" -j ", StringComparison.Ordinal))
        {
            return "a rule without target";
        }

        if (what.Contains("nodeport-ips", StringComparison.Ordinal) || what.Contains("nodeport-endpoints-check", StringComparison.Ordinal))
        {
            return "there are no node ports that this decides about";
        }

        if (what.Contains("no-endpoint-services", StringComparison.Ordinal) || what.Contains("service-endpoints-check", StringComparison.Ordinal))
        {
            return "what is refused here is refused as an unused port of the cluster IP too, or nothing is";
        }

        if (what.Contains("firewall-check", StringComparison.Ordinal) || what.Contains("\"chain\":\"reject-chain\"", StringComparison.Ordinal))
        {
            return "nothing is led here";
        }

        if (what.Contains("@hairpin-connections", StringComparison.Ordinal))
        {
            return "no endpoint is on this node, so the set is empty";
        }

        if (mutation.Kind == "order")
        {
            return "rules that can change places";
        }

        if (what.Contains("KUBE-MARK-MASQ", StringComparison.Ordinal))
        {
            return "such packets have the mark already, or none come here";
        }

        return $"none of {samples} packets of the addresses, ports and marks that occur is treated differently";
    }
}

using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>The reasons for a packet's path, from the comments of rules and the names of chains.</summary>
internal static class CommentReasons
{
    private static readonly (string Ending, string Text, string Field)[] s_endings =
    [
        (" cluster IP", "{0} is the cluster IP of {1}", "spec.clusterIP"),
        (" external IP", "{0} is an external IP of {1}", "spec.externalIPs"),
        (" loadbalancer IP", "{0} is the load-balancer IP of {1}", "status.loadBalancer.ingress"),
        (" has no endpoints", "refused: {1} has no endpoints", "endpoints"),
    ];

    public static IReadOnlyList<ModelReason> Read(PacketQuestion question, IReadOnlyList<WalkOutcome> outcomes)
    {
        List<ModelReason> reasons = [];
        HashSet<ModelReason> seen = [];
        foreach (WalkOutcome outcome in outcomes)
        {
            foreach (WalkTraceEntry entry in outcome.Trace)
            {
                if (Read(question, outcome.Trace, entry) is { } reason && seen.Add(reason))
                {
                    reasons.Add(reason);
                }
            }
        }

        return reasons;
    }

    private static ModelReason? Read(PacketQuestion question, IReadOnlyList<WalkTraceEntry> path, WalkTraceEntry entry)
    {
        if (entry.IsDoubtful || !ServiceInRules.IsOfKubeProxy(entry))
        {
            return null;
        }

        string comment = entry.Comment;
        bool isMarking = entry.Effect.EndsWith("KUBE-MARK-MASQ", StringComparison.Ordinal);
        if (isMarking && comment.EndsWith(" cluster IP", StringComparison.Ordinal))
        {
            return new("masqueraded: traffic to a cluster IP that is not known to come from a pod, or all of it is", "the configuration", "clusterCIDR or masqueradeAll");
        }

        if (isMarking && entry.Chain.StartsWith("KUBE-SEP-", StringComparison.Ordinal))
        {
            return Of("masqueraded: the endpoint reaches itself through its Service (hairpin)", comment, "");
        }

        foreach ((string ending, string text, string field) in s_endings)
        {
            if (comment.EndsWith(ending, StringComparison.Ordinal))
            {
                string service = Without(comment, ending);
                return Of(text.Replace("{0}", question.To, StringComparison.Ordinal).Replace("{1}", service, StringComparison.Ordinal), service, field);
            }
        }

        return ReadPolicies(question, entry) ?? ReadNftables(question, path, entry);
    }

    private static ModelReason? ReadPolicies(PacketQuestion question, WalkTraceEntry entry)
    {
        string comment = entry.Comment;
        if (comment.EndsWith(" has no local endpoints", StringComparison.Ordinal))
        {
            string field = entry.Chain == "KUBE-SERVICES" ? "internalTrafficPolicy" : "externalTrafficPolicy";
            string service = Without(comment, " has no local endpoints");
            return Of($"dropped: {field} of {service} is Local, and it has no endpoint on this node", service, "spec." + field);
        }

        int refused = comment.IndexOf(" traffic not accepted by ", StringComparison.Ordinal);
        if (refused > 0)
        {
            string service = comment[..refused];
            return Of($"dropped: loadBalancerSourceRanges of {service} does not include {question.Source}", service, "spec.loadBalancerSourceRanges");
        }

        if (Between(comment, "masquerade traffic for ", " external destinations") is { } masqueraded)
        {
            return Of("masqueraded: with policy Cluster the endpoint may be on another node", masqueraded, "spec.externalTrafficPolicy");
        }

        if (Between(comment, "pod traffic for ", " external destinations") is { } pod)
        {
            return Of("policy Local does not bind pods: their traffic may use all endpoints", pod, "spec.externalTrafficPolicy");
        }

        return Between(comment, "route LOCAL traffic for ", " external destinations") is { } own
            ? Of("policy Local does not bind the node itself: its traffic may use all endpoints, masqueraded", own, "spec.externalTrafficPolicy")
            : null;
    }

    private static ModelReason? ReadNftables(PacketQuestion question, IReadOnlyList<WalkTraceEntry> path, WalkTraceEntry entry)
    {
        return entry.Comment switch
        {
            "masquerade clusterIP traffic from outside cluster" => new("masqueraded: traffic to a cluster IP that does not come from a pod", "the configuration", "clusterCIDR or detectLocal"),
            "masquerade all clusterIP traffic" => new("masqueraded: all traffic to cluster IPs is", "the configuration", "masqueradeAll"),
            "masquerade" => Of("masqueraded: with policy Cluster the endpoint may be on another node", Service(), "spec.externalTrafficPolicy"),
            "short-circuit pod traffic" => Of("policy Local does not bind pods: their traffic may use all endpoints", Service(), "spec.externalTrafficPolicy"),
            "short-circuit local traffic" => Of("policy Local does not bind the node itself: its traffic may use all endpoints, masqueraded", Service(), "spec.externalTrafficPolicy"),
            "Reject traffic to invalid ports of ClusterIPs" => new($"refused: {question.Destination} is a cluster IP, and its Service has no port {question.Port}/{question.ProtocolText}", "", "spec.ports"),
            "Drop traffic to unallocated ClusterIPs" => new($"dropped: {question.Destination} is in a ServiceCIDR, and no Service has it", "ServiceCIDR", "spec.cidrs"),
            _ when entry.Chain.StartsWith("firewall-", StringComparison.Ordinal) && entry.Effect == "drops" && Service() is { Length: > 0 } service =>
                Of($"dropped: loadBalancerSourceRanges of {service} does not include {question.Source}", service, "spec.loadBalancerSourceRanges"),
            _ when entry.Chain == "reject-chain" => new("refused: the Service has no endpoints", "EndpointSlices", "endpoints"),
            _ when entry.Chain.EndsWith("-endpoints-check", StringComparison.Ordinal) && entry.Effect.EndsWith("drops", StringComparison.Ordinal) =>
                Of("dropped: the traffic policy of the Service is Local, and it has no endpoint on this node", Service(), "spec.externalTrafficPolicy or spec.internalTrafficPolicy"),
            _ => null,
        };

        // The chains that this program shares between Services have no names; another chain of the path may have it.
        string Service() => ServiceInRules.OfChain(entry.Chain) is { Length: > 0 } name ? name : ServiceInRules.OfPath(path);
    }

    private static string? Between(string text, string start, string end) =>
        text.StartsWith(start, StringComparison.Ordinal) && text.EndsWith(end, StringComparison.Ordinal) ? text[start.Length..^end.Length] : null;

    private static string Without(string text, string ending) => text[..^ending.Length];

    private static ModelReason Of(string text, string service, string field) => new(text, service.Length == 0 ? "" : $"Service {service.Split(':')[0]}", field);
}

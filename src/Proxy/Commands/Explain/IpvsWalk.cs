using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;

namespace KubeProxySharp.Proxy.Commands.Explain;

/// <summary>
/// Follows a packet through rules and IPVS. IPVS takes packets for a virtual server in LOCAL_IN after the filter chains, and
/// the node's own in LOCAL_OUT after DNAT; it rewrites the destination and sends them through LOCAL_OUT and POSTROUTING
/// (net/netfilter/ipvs/ip_vs_core.c, ip_vs_ops4; ip_vs_xmit.c, ip_vs_nat_xmit).
/// </summary>
/// <param name="rules">The rules.</param>
/// <param name="table">The virtual servers.</param>
/// <param name="nodeAddresses">The addresses of the node.</param>
internal sealed class IpvsWalk(Ruleset rules, IpvsTable table, IReadOnlyCollection<IpAddress> nodeAddresses)
{
    /// <summary>NF_IP_PRI_NAT_SRC - 1, in LOCAL_IN.</summary>
    private const int PriorityOfInput = 99;

    /// <summary>NF_IP_PRI_NAT_DST + 2, in LOCAL_OUT.</summary>
    private const int PriorityOfOutput = -98;

    /// <summary>All paths of a packet.</summary>
    public IReadOnlyList<WalkOutcome> Walk(WalkPacket packet)
    {
        if (table.Find(packet.Destination, packet.Protocol, packet.DestinationPort) is not { } server)
        {
            return new PacketWalker(rules, new NodeView(nodeAddresses)).Walk(packet);
        }

        bool isFromNode = packet.InputInterface is null;

        // The interface kube-ipvs0 has the address of the virtual server.
        NodeView node = new([.. nodeAddresses, packet.Destination]);
        Ruleset before = Only(isFromNode
            ? static chain => chain.Hook == Hook.Output && chain.Priority < PriorityOfOutput
            : static chain => chain.Hook == Hook.Prerouting || (chain.Hook == Hook.Input && chain.Priority < PriorityOfInput));
        Ruleset after = Only(static chain => chain.Hook == Hook.Postrouting || (chain.Hook == Hook.Output && chain.Priority > PriorityOfOutput));
        List<WalkOutcome> outcomes = [];
        foreach (WalkOutcome taken in new PacketWalker(before, node).Walk(packet))
        {
            if (taken.Verdict != WalkVerdict.Accept || taken.Target is not null)
            {
                outcomes.Add(taken);
                continue;
            }

            AddPicked(server, packet, taken, new(after, new NodeView(nodeAddresses)), outcomes);
        }

        return outcomes;
    }

    private static void AddPicked(VirtualServer server, WalkPacket packet, WalkOutcome taken, PacketWalker after, List<WalkOutcome> outcomes)
    {
        Hook hook = packet.InputInterface is null ? Hook.Output : Hook.Input;
        int sum = server.RealServers.Sum(static real => Math.Max(real.Weight, 0));
        if (sum == 0)
        {
            // ip_vs_leave answers so.
            WalkTraceEntry none = new(hook, "", "IPVS", 0, server.ToString(), "", "refuses: no real server has a weight");
            outcomes.Add(taken with { Verdict = WalkVerdict.Reject, RejectWith = "icmp-port-unreachable", Trace = [.. taken.Trace, none] });
            return;
        }

        foreach (RealServer real in server.RealServers.Where(static real => real.Weight > 0))
        {
            WalkTraceEntry picked = new(hook, "", "IPVS", 0, server.ToString(), "", $"picks {real.Address}, weight {real.Weight} of {sum}") { IsRewrite = true };
            WalkPacket sent = packet with { Destination = real.Address.Address, DestinationPort = real.Address.Port, InputInterface = null, Mark = taken.Mark };
            foreach (WalkOutcome end in after.Walk(sent))
            {
                outcomes.Add(end with
                {
                    Probability = taken.Probability * end.Probability * real.Weight / sum,
                    Target = end.Target ?? real.Address,
                    IsUncertain = taken.IsUncertain || end.IsUncertain,
                    IsOpen = taken.IsOpen || end.IsOpen,
                    AffinitySeconds = server.PersistentSeconds,
                    Trace = [.. taken.Trace, picked, .. end.Trace],
                });
            }
        }
    }

    /// <summary>The rules with only some of their base chains.</summary>
    private Ruleset Only(Predicate<WalkChain> isKept)
    {
        Ruleset kept = new(rules.Family);
        foreach (WalkTable each in rules.Tables)
        {
            WalkTable part = new(each.Name);
            foreach (WalkChain chain in each.Chains.Values.Where(chain => chain.Hook is null || isKept(chain)))
            {
                part.Chains.Add(chain.Name, chain);
            }

            kept.Tables.Add(part);
        }

        return kept;
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Model;

namespace KubeProxySharp.Testing;

/// <summary>Compares the walks of many packets through rules and through the model that the rules were made from.</summary>
public static class WalkCheck
{
    /// <summary>Walks from each kind of source to each destination that the rules or the model know.</summary>
    /// <returns>The number of packets, and the differences as text.</returns>
    public static (int Packets, IReadOnlyList<string> Differences) Compare(FamilyRules model, Ruleset rules, RuleDialect dialect, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        NodeView node = new(nodeAddresses);
        PacketWalker walker = new(rules, node);
        FrontendFinder finder = new();
        finder.Add(rules);
        List<FrontendAddress> destinations = [.. finder.Find(nodeAddresses.Where(address => address.Family == rules.Family))];
        List<IpAddress> sources = Sources(model, nodeAddresses);
        List<string> differences = [];
        int packets = 0;
        foreach (TrafficOrigin origin in NeutralRules.Origins([rules]))
        {
            foreach (IpAddress source in sources.Where(source => node.IsLocal(source) == (origin.Interface is null)))
            {
                foreach (FrontendAddress destination in destinations)
                {
                    WalkPacket packet = new(AddressRange.Of(source), destination.Address, destination.Protocol, destination.Port) { InputInterface = origin.Interface };
                    packets++;
                    IReadOnlyList<string> found = WalkAgreement.Compare(walker.Walk(packet), ModelWalker.Walk(model, node, dialect, packet));
                    differences.AddRange(found.Select(difference => $"{source} ({origin}) -> {destination}: {difference}"));
                }
            }
        }

        return (packets, differences);
    }

    private static List<IpAddress> Sources(FamilyRules model, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        SortedSet<IpAddress> sources = [.. nodeAddresses];
        foreach (string text in (string[])["10.244.1.77", "10.1.1.3", "172.16.80.9", "203.0.113.200", "192.0.2.77", "127.0.0.1", "fd00:10:244:1::77", "fd00:244:1::77", "2001:db8:ffff::9", "::1"])
        {
            sources.Add(IpAddress.Parse(text));
        }

        int endpoints = 0;
        foreach (ServiceRules service in model.Services.Values)
        {
            foreach (ServicePortRules port in service.Ports)
            {
                foreach (IpPrefix range in port.Spec.SourceRanges)
                {
                    sources.Add(range.LastAddress());
                }

                sources.UnionWith(port.Spec.LoadBalancerIPs.AsSpan().ToArray());
                if (!port.Endpoints.Reachable.IsEmpty && endpoints++ < 8)
                {
                    sources.Add(port.Endpoints.Reachable[0].Target.Address);
                    sources.Add(port.Endpoints.Reachable[port.Endpoints.Reachable.Length - 1].Target.Address);
                }
            }
        }

        return [.. sources.Where(source => source.Family == model.Family)];
    }
}

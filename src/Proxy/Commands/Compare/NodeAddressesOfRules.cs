using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Proxy.Commands.Compare;

/// <summary>Finds addresses of the node that rules themselves name, for saved rules that come without any other hint.</summary>
internal static class NodeAddressesOfRules
{
    /// <summary>An address of documentation that stands for the node's if none is known.</summary>
    public static IpAddress StandIn(IpFamily family) => IpAddress.Parse(family == IpFamily.IPv4 ? "192.0.2.1" : "2001:db8::1");

    /// <summary>The addresses that node ports are looked for on.</summary>
    public static IEnumerable<IpAddress> Find(Ruleset rules)
    {
        foreach (WalkRule rule in rules.Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules))
        {
            RuleStep[] steps = rule.Steps.AsSpan().ToArray();
            bool isOfNodePorts = steps.Any(step => step is RuleStep.Jump { Chain: "KUBE-NODEPORTS" } or RuleStep.VerdictLookup { Map.Name: "service-nodeports" });
            if (!isOfNodePorts)
            {
                continue;
            }

            foreach (RuleStep step in steps)
            {
                switch (step)
                {
                    case RuleStep.AddressMatch { Field: PacketField.Destination, IsNegated: false } match when match.Ranges.Length == 1 && match.Ranges[0].IsSingle:
                        yield return IpAddress.FromBits(match.Ranges[0].First);
                        break;
                    case RuleStep.SetMatch { IsNegated: false } match:
                        foreach (string key in match.Set.Keys)
                        {
                            if (IpAddress.TryParse(key, out IpAddress address))
                            {
                                yield return address;
                            }
                        }

                        break;
                }
            }
        }
    }
}

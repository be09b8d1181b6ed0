using System.Text;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.Renderers.Nftables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;

namespace KubeProxySharp.Testing;

/// <summary>Reads dumps into rule sets, and describes and compares what they do.</summary>
public static class Rulesets
{
    public static Ruleset Iptables(string text, IpFamily family)
    {
        Ruleset rules = new(family);
        IptablesSaveReader.Read(text, rules);
        return rules;
    }

    public static Ruleset Nftables(string json, IpFamily family)
    {
        Ruleset rules = new(family);
        NftJsonReader.Read(Encoding.UTF8.GetBytes(json), rules);
        return rules;
    }

    public static Ruleset NftablesText(string text, IpFamily family)
    {
        Ruleset rules = new(family);
        NftScriptReader.Read(Encoding.UTF8.GetBytes(text), rules);
        return rules;
    }

    public static IReadOnlyList<string> Describe(Ruleset rules, IReadOnlyCollection<IpAddress> nodeAddresses) =>
        [.. NeutralRules.Describe(rules, nodeAddresses).Select(rule => rule.ToString())];

    /// <summary>Describes what both do for all destinations that either of them distinguishes.</summary>
    public static (IReadOnlyList<string> Left, IReadOnlyList<string> Right) DescribeBoth(Ruleset left, Ruleset right, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        FrontendFinder finder = new();
        finder.Add(left);
        finder.Add(right);
        SortedSet<FrontendAddress> frontends = finder.Find(nodeAddresses.Where(address => address.Family == left.Family));
        IReadOnlyList<TrafficOrigin> origins = NeutralRules.Origins([left, right]);
        return (
            [.. NeutralRules.Describe(left, nodeAddresses, frontends, origins).Select(rule => rule.ToString())],
            [.. NeutralRules.Describe(right, nodeAddresses, frontends, origins).Select(rule => rule.ToString())]);
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>For every recorded case, all rule sets are equal: kube-proxy's and ours, whatever wrote and listed them.</summary>
public sealed class CompareRecordedTests
{
    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(RecordedCaseTests.CasesByFamily), MemberType = typeof(RecordedCaseTests))]
    public void RuleSetsOfTheSameModeAreEqual(string name, IpFamily family)
    {
        RecordedNode node = RecordedNode.Read(RecordedCases.CaseDirectory(name));
        List<Ruleset> iptables = Iptables(name, family);
        List<Ruleset> nftables = Nftables(name, family);

        foreach (Ruleset other in iptables.Skip(1))
        {
            Describe(iptables[0], other, node).Should().BeEmpty();
        }

        foreach (Ruleset other in nftables.Skip(1))
        {
            Describe(nftables[0], other, node).Should().BeEmpty();
        }
    }

    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(RecordedCaseTests.CasesByFamily), MemberType = typeof(RecordedCaseTests))]
    public void RuleSetsOfBothModesDifferAsDocumented(string name, IpFamily family)
    {
        RecordedNode node = RecordedNode.Read(RecordedCases.CaseDirectory(name));

        // That the others of a mode are equal to kube-proxy's is what the test above shows; ours are compared directly in nightly runs.
        List<Ruleset> ofIptables = Iptables(name, family);
        List<Ruleset> ofNftables = Nftables(name, family);
        foreach (Ruleset iptables in Nightly.IsOn ? [ofIptables[0], ofIptables[^1]] : (Ruleset[])[ofIptables[0]])
        {
            foreach (Ruleset nftables in Nightly.IsOn ? [ofNftables[0], ofNftables[^1]] : (Ruleset[])[ofNftables[0]])
            {
                Describe(iptables, nftables, node).Where(line => !line.StartsWith('(')).Should().BeEmpty();
            }
        }
    }

    /// <summary>kube-proxy's rules of each kind, then ours.</summary>
    private static List<Ruleset> Iptables(string name, IpFamily family)
    {
        List<Ruleset> all = [RecordedRules.Iptables(name, family)];
        if (RecordedRules.Exists(name, RecordedRules.SaveFile("iptables-legacy", family)))
        {
            all.Add(RecordedRules.Iptables(name, family, "iptables-legacy"));
        }

        all.Add(Rulesets.Iptables(RecordedRules.OurListing(name, family), family));
        return all;
    }

    private static List<Ruleset> Nftables(string name, IpFamily family)
    {
        Ruleset ours = Rulesets.NftablesText(RecordedRules.OurScript(name, family), family);
        bool isEmpty = family == IpFamily.IPv4 && RecordedNode.Read(RecordedCases.CaseDirectory(name)).Features.Contains("nftables-sync-fails");

        // kube-proxy could not load its own rules there (docs/differences.md).
        return isEmpty ? [ours] : [RecordedRules.Nftables(name, family), RecordedRules.NftablesText(name, family), ours];
    }

    private static List<string> Describe(Ruleset a, Ruleset b, RecordedNode node) =>
    [
        .. new RulesetComparison(a, b, node.Addresses).Compare().Differences.Select(difference =>
            $"{(difference.Mode is { } mode ? $"({mode.Name}) " : "")}{(difference.IsUncertain ? "uncertain " : "")}{difference.PacketA.InputInterface ?? "node"} {IpAddress.FromBits(difference.PacketA.Source.First)} -> {difference.PacketA.Destination}:{difference.PacketA.DestinationPort}/{difference.PacketA.Protocol} mark {difference.PacketA.Mark} {difference.PacketA.State} known [{string.Join(' ', difference.KnownEndpoints)}]"
            + $": {Join(difference.A)} | {Join(difference.B)}"),
    ];

    private static string Join(IEnumerable<ResultShare> shares) => string.Join(", ", shares.Select(share => $"{share.Result} {share.Share}"));
}

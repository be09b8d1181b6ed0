using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.Testing;
using Xunit.Abstractions;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// Damaged rule sets are found unequal, with a packet that proves it; the proof is checked by another interpreter. Damage
/// that is found to change nothing is checked with many packets by that one too, and has a reason.
/// </summary>
public sealed class CompareMutationTests(ITestOutputHelper output)
{
    private const int Samples = 3000;

    /// <summary>Recorded cases with rules of all kinds, small enough for the plain interpreter.</summary>
    private static readonly string[] s_cases =
    [
        "affinity-default", "affinity-timeout", "clusterip-3-endpoints", "default-kubernetes", "detect-bridge", "detect-prefix", "dual-stack", "endpoint-conditions",
        "external-ips", "external-local-no-local", "field-echoheaders", "field-ingress-nginx-local", "field-hostnetwork", "host-network-endpoint", "internal-local",
        "loadbalancer-cluster", "loadbalancer-local", "masquerade-all", "masquerade-bit", "no-endpoints", "nodeport-addresses-cidr", "nodeport-cluster", "nodeport-local",
        "same-number-three-protocols", "several-ports", "shared-external-ip", "source-ranges", "source-ranges-mixed", "source-range-node-ip", "terminating-local-and-remote",
    ];

    [Trait("Category", "Slow")]
    [Theory]
    [InlineData("iptables", 110)]
    [InlineData("nftables", 90)]
    [InlineData("our nftables", 110)]
    public void DamageIsFoundWithAPacketThatProvesIt(string mode, int count)
    {
        count = Nightly.Size(count / 3, count);
        List<string> harmless = [];
        for (int number = 0; number < count; number++)
        {
            Random random = new((mode.Length * 1000) + number);
            string name = s_cases[number % s_cases.Length];
            IpFamily family = number % 7 == 6 && HasIPv6Rules(name) ? IpFamily.IPv6 : IpFamily.IPv4;
            RecordedNode node = RecordedNode.Read(RecordedCases.CaseDirectory(name));
            string text = mode switch
            {
                "iptables" => RecordedRules.Text(name, RecordedRules.SaveFile("iptables", family)),
                "nftables" => RecordedRules.Text(name, "nftables/nft.json"),
                _ => RecordedRules.OurScript(name, family),
            };
            Mutation mutation = mode switch
            {
                "iptables" => IptablesMutator.Mutate(text, random, number),
                "nftables" => NftablesMutator.Mutate(text, family == IpFamily.IPv4 ? "ip" : "ip6", random, number),
                _ => ScriptMutator.Mutate(text, random, number),
            };
            Ruleset good = Read(mode, text, family);
            Ruleset bad = Read(mode, mutation.Text, family);
            string title = $"{number} {name} {family} {mutation.Kind}: {mutation.What}";

            IReadOnlyList<RulesetDifference> differences = new RulesetComparison(good, bad, node.Addresses).Compare().Differences;

            ReferenceWalk plainGood = new(good, node.Addresses);
            ReferenceWalk plainBad = new(bad, node.Addresses);
            differences.Should().NotContain(difference => difference.IsUncertain, title);
            foreach (RulesetDifference difference in differences)
            {
                ReferenceWalk.AreSame(plainGood.Send(difference.PacketA), plainBad.Send(difference.PacketB)).Should().BeFalse($"{title}: {difference.PacketA}");
            }

            if (differences.Count != 0)
            {
                continue;
            }

            PacketSampler sampler = new(good, bad, node.Addresses, random);
            for (int sample = 0; sample < Samples; sample++)
            {
                WalkPacket packet = sampler.Next();
                ReferenceWalk.AreSame(plainGood.Send(packet), plainBad.Send(packet)).Should().BeTrue($"{title}: {packet}");
            }

            harmless.Add($"{title}\n   {HarmlessReason.Of(mutation, Samples)}");
        }

        harmless.ForEach(output.WriteLine);
        harmless.Count.Should().BeLessThanOrEqualTo(count * 3 / 10);
    }

    private static bool HasIPv6Rules(string name) => name is "dual-stack" or "nodeport-addresses-cidr";

    private static Ruleset Read(string mode, string text, IpFamily family) => mode switch
    {
        "iptables" => Rulesets.Iptables(text, family),
        "nftables" => Rulesets.Nftables(text, family),
        _ => Rulesets.NftablesText(text, family),
    };
}

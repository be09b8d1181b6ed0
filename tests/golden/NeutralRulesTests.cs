using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>The neutral value of rule sets: equal for what does the same, different for what does not.</summary>
public sealed class NeutralRulesTests
{
    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(RecordedCaseTests.CasesByFamily), MemberType = typeof(RecordedCaseTests))]
    public void OurIptablesRulesDoWhatTheRecordedOnesDo(string name, IpFamily family)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        Ruleset recorded = Rulesets.Iptables(Recorded(directory, "iptables", family), family);
        Ruleset rendered = Rulesets.Iptables(Listing(ModelLoader.ReadCase(directory, "iptables")[family]), family);

        (IReadOnlyList<string> ours, IReadOnlyList<string> theirs) = Rulesets.DescribeBoth(rendered, recorded, node.Addresses);

        ours.SequenceEqual(theirs).Should().BeTrue(TextDiff.Describe(theirs, ours));
        ours.Should().NotContain(line => line.EndsWith("uncertain"));
    }

    /// <summary>The legacy variant lists the same rules, and so they mean the same.</summary>
    [Theory]
    [InlineData("affinity-default")]
    [InlineData("source-ranges")]
    [InlineData("detect-bridge")]
    public void BothVariantsAreReadAlike(string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);

        IReadOnlyList<string> nft = Rulesets.Describe(Rulesets.Iptables(Recorded(directory, "iptables", IpFamily.IPv4), IpFamily.IPv4), node.Addresses);
        IReadOnlyList<string> legacy = Rulesets.Describe(Rulesets.Iptables(Recorded(directory, "iptables-legacy", IpFamily.IPv4), IpFamily.IPv4), node.Addresses);

        legacy.Should().Equal(nft).And.NotBeEmpty();
    }

    /// <summary>What the value says, on cases small enough to be checked by eye.</summary>
    [Theory]
    [InlineData("clusterip-3-endpoints", "33.33%")]
    [InlineData("external-local-no-local", "dropped")]
    [InlineData("no-endpoints", "rejected")]
    [InlineData("affinity-timeout", "affinity 90 s")]
    [InlineData("source-ranges", "dropped")]
    [InlineData("masquerade-all", "masqueraded")]
    [InlineData("detect-bridge", "from cbr0")]
    public void TheValueTellsWhatHappens(string name, string words)
    {
        string directory = RecordedCases.CaseDirectory(name);
        Ruleset rules = Rulesets.Iptables(Recorded(directory, "iptables", IpFamily.IPv4), IpFamily.IPv4);

        Rulesets.Describe(rules, RecordedNode.Read(directory).Addresses).Should().Contain(line => line.Contains(words));
    }

    /// <summary>Every kind of damage changes the value: it is not blind to anything that rules decide about.</summary>
    [Theory]
    [InlineData("KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000", "KUBE-MARK-MASQ -j MARK --set-xmark 0x8000/0x8000")]
    [InlineData("--probability 0.25000000000", "--probability 0.35000000000")]
    [InlineData("--to-destination 192.168.103.142:443", "--to-destination 192.168.103.142:444")]
    [InlineData("-A KUBE-SERVICES -d 10.33.151.160/32", "-A KUBE-SERVICES -d 10.33.151.161/32")]
    [InlineData("-A KUBE-EXT-4E7KSV2ABIFJRAUZ -j KUBE-SVL-4E7KSV2ABIFJRAUZ", "-A KUBE-EXT-4E7KSV2ABIFJRAUZ -j KUBE-SVC-4E7KSV2ABIFJRAUZ")]
    [InlineData("-A KUBE-EXT-4E7KSV2ABIFJRAUZ -s 192.168.0.0/16", "-A KUBE-EXT-4E7KSV2ABIFJRAUZ -s 192.168.0.0/17")]
    [InlineData("--dport 31255 -j", "--dport 31256 -j")]
    [InlineData("-m addrtype --src-type LOCAL -j KUBE-MARK-MASQ", "-m addrtype --src-type LOCAL -j ACCEPT")]
    [InlineData("-A KUBE-SEP-ILQWMWXVY6HNWZZT -s 192.168.176.202/32", "-A KUBE-SEP-ILQWMWXVY6HNWZZT -s 192.168.176.203/32")]
    [InlineData("-j MASQUERADE --random-fully", "-j ACCEPT")]
    public void DamageIsSeen(string rule, string damaged)
    {
        string directory = RecordedCases.CaseDirectory("field-ingress-nginx-local");
        RecordedNode node = RecordedNode.Read(directory);
        string text = Recorded(directory, "iptables", IpFamily.IPv4);
        text.Should().Contain(rule);

        (IReadOnlyList<string> good, IReadOnlyList<string> bad) = Rulesets.DescribeBoth(
            Rulesets.Iptables(text, IpFamily.IPv4),
            Rulesets.Iptables(text.Replace(rule, damaged), IpFamily.IPv4),
            node.Addresses);

        bad.SequenceEqual(good).Should().BeFalse();
    }

    [Fact]
    public void WhatIsNotUnderstoodMakesTheValueUncertain()
    {
        string directory = RecordedCases.CaseDirectory("clusterip-1-endpoint");
        RecordedNode node = RecordedNode.Read(directory);
        string text = Recorded(directory, "iptables", IpFamily.IPv4)
            .Replace("-A KUBE-SERVICES -d 10", "-A KUBE-SERVICES -m set --match-set blocked src -j DROP\n-A KUBE-SERVICES -d 10");

        Rulesets.Describe(Rulesets.Iptables(text, IpFamily.IPv4), node.Addresses).Should().Contain(line => line.EndsWith("uncertain"));
    }

    private static string Recorded(string directory, string variant, IpFamily family) =>
        File.ReadAllText(Path.Combine(directory, variant, family == IpFamily.IPv4 ? "iptables-save.txt" : "ip6tables-save.txt"));

    private static string Listing(FamilyRules rules)
    {
        ArrayBufferWriter<byte> output = new();
        IptablesRenderer.WriteListing(rules, IptablesOptions.Default, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

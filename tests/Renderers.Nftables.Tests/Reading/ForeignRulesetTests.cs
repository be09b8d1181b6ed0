using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>
/// Tables of other programs, with about everything that nft 1.0.6 can print: foreign/ruleset.txt is what it printed for
/// them, foreign/ruleset.json the same with -j.
/// </summary>
public sealed class ForeignRulesetTests
{
    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void TextAndJsonAreUnderstoodAlike(IpFamily family)
    {
        string[] json = [.. Rules(Rulesets.Nftables(Text("json"), family))];

        string[] text = [.. Rules(Rulesets.NftablesText(Text("txt"), family))];

        text.SequenceEqual(json).Should().BeTrue(TextDiff.Describe(json, text));
        json.Should().HaveCountGreaterThan(60);
    }

    /// <summary>Nothing is skipped: every rule has steps, and what is not understood is there with its words.</summary>
    [Fact]
    public void EveryWordOfARuleIsKept()
    {
        foreach (WalkRule rule in Rulesets.NftablesText(Text("txt"), IpFamily.IPv4).Tables.SelectMany(table => table.Chains.Values).Where(chain => chain.Priority != int.MinValue).SelectMany(chain => chain.Rules))
        {
            Text("txt").Should().Contain("\t\t" + rule.Text + "\n");
            rule.Steps.IsEmpty.Should().BeFalse();
            foreach (RuleStep step in rule.Steps)
            {
                string? unknown = step switch { RuleStep.UnknownMatch match => match.Text, RuleStep.UnknownStatement statement => statement.Text, _ => null };
                // Words do not keep their quotes.
                string words = rule.Text.Replace("\"", "", StringComparison.Ordinal);
                bool isKept = unknown is null || (unknown.Length != 0 && words.Contains(unknown.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal));
                isKept.Should().BeTrue("{0} is part of {1}", unknown, rule.Text);
            }
        }
    }

    [Theory]
    [InlineData("tcp flags syn / fin,syn,rst,ack accept", "")]
    [InlineData("tcp dport 22 limit rate 5/minute accept", "match")]
    [InlineData("log prefix \"a b: \" level debug flags ip options", "")]
    [InlineData("ip dscp set cs1", "")]
    [InlineData("meta mark set ct mark", "")]
    [InlineData("fib saddr . iif oif missing drop", "match")]
    [InlineData("ct original ip saddr 1.2.3.4 accept", "")]
    [InlineData("meta hour \"10:00\"-\"11:00\" accept", "match")]
    [InlineData("rt ip nexthop 1.2.3.4 accept", "match")]
    [InlineData("@nh,0,8 & 0xf0 == 0x40 accept", "match")]
    [InlineData("update @dyn { ip saddr timeout 1h } accept", "")]
    [InlineData("tcp dport vmap { 1-5 : continue, 80 : accept, 443 : drop }", "")]
    [InlineData("oifname \"eth0\" snat to 1.2.3.4 fully-random", "")]
    [InlineData("tcp dport 80 dnat to 10.0.0.1-10.0.0.5:80-90 random,persistent", "")]
    [InlineData("ip saddr @blk drop", "")]
    [InlineData("ct state established,related accept", "")]
    [InlineData("tcp dport 83 dnat to :80", "")]
    [InlineData("dnat ip to tcp dport map { 80 : 10.0.0.1 . 8080, 81 : 10.0.0.2 . 80 }", "")]
    [InlineData("iifname \"eth*\" return", "")]
    public void WhatIsNotUnderstoodIsSaid(string text, string unknown)
    {
        WalkRule rule = Rulesets.NftablesText(Text("txt"), IpFamily.IPv4).Tables
            .SelectMany(table => table.Chains.Values)
            .SelectMany(chain => chain.Rules)
            .Should().ContainSingle(rule => rule.Text == text).Which;

        string.Join(' ', rule.Steps.AsSpan().ToArray().Select(UnknownKind).Where(kind => kind.Length != 0)).Should().Be(unknown);
    }

    /// <summary>A dormant table is not in the hooks. JSON does not tell.</summary>
    [Fact]
    public void DormantTablesSeeNoPackets()
    {
        Ruleset rules = Rulesets.NftablesText("table ip t {\n\tflags dormant\n\n\tchain c {\n\t\ttype filter hook input priority filter; policy drop;\n\t}\n}\n", IpFamily.IPv4);

        rules.Tables[0].Chains["c"].Hook.Should().BeNull();
    }

    /// <summary>All but those of the hook ingress, of which JSON does not tell the interface.</summary>
    private static IEnumerable<string> Rules(Ruleset rules) =>
        from table in rules.Tables
        from chain in table.Chains.Values
        where chain.Priority != int.MinValue
        from rule in chain.Rules
        select $"{table.Name} {chain.Name} {chain.Hook} {chain.Priority} {chain.Policy}: {string.Join(" | ", rule.Steps.AsSpan().ToArray().Select(Describe))} {rule.Comment}";

    private static string Describe(RuleStep step) => UnknownKind(step) is { Length: > 0 } unknown ? unknown : step switch
    {
        RuleStep.SetMatch match => $"{match.Key} {string.Join(", ", match.Set.Keys)}",
        RuleStep.VerdictLookup lookup => $"{lookup.Key} {string.Join(", ", lookup.Map.Steps)}",
        RuleStep.DnatLookup lookup => $"{lookup.Key} {string.Join(", ", lookup.Map.Targets)}",
        _ => step.ToString(),
    };

    private static string UnknownKind(RuleStep step) => step switch { RuleStep.UnknownMatch => "match", RuleStep.UnknownStatement => "statement", _ => "" };

    private static string Text(string extension) =>
        File.ReadAllText(RepositoryRoot.Combine("tests", "Renderers.Nftables.Tests", "Reading", "foreign", "ruleset." + extension));
}

using System.Text;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>Whole listings: tables, chains, families, errors and damage.</summary>
public sealed class NftJsonReaderTests
{
    private static readonly string[] s_values =
    [
        "null", "0", "-1", "1.5", "99999999999", "1e400", "\"\"", "\"@\"", "\"*\"", "[]", "{}", "[{}]", "[1]", "true", "\"10.0.0.1\"", """{"set": []}""",
        """{"prefix": {"addr": "10.0.0.0", "len": 129}}""", """{"range": ["10.0.0.1"]}""", """{"&": [1]}""", """{"payload": {"base": "transport"}}""",
    ];

    /// <summary>Small recordings with rules of every kind.</summary>
    public static TheoryData<string> Cases => new() { "affinity-timeout", "source-ranges", "dual-stack", "detect-bridge", "no-endpoints" };

    [Theory]
    [InlineData("ip", IpFamily.IPv4, true)]
    [InlineData("ip6", IpFamily.IPv6, true)]
    [InlineData("inet", IpFamily.IPv4, true)]
    [InlineData("inet", IpFamily.IPv6, true)]
    [InlineData("ip", IpFamily.IPv6, false)]
    [InlineData("ip6", IpFamily.IPv4, false)]
    [InlineData("bridge", IpFamily.IPv4, false)]
    public void TablesOfTheFamilyAreRead(string family, IpFamily seenAs, bool isRead)
    {
        Rulesets.Nftables(Listing.Text("""{"accept": null}""", family: family), seenAs).Tables.Select(table => table.Name).Should().Equal(isRead ? ["t"] : []);
    }

    [Fact]
    public void ChainsAreRead()
    {
        WalkTable table = Read("""
            {"nftables": [{"table": {"family": "ip", "name": "t"}},
            {"chain": {"family": "ip", "table": "t", "name": "pre", "type": "nat", "hook": "prerouting", "prio": -100, "policy": "accept"}},
            {"chain": {"family": "ip", "table": "t", "name": "fwd", "type": "filter", "hook": "forward", "prio": "7", "policy": "drop"}},
            {"chain": {"family": "ip", "table": "t", "name": "in", "type": "filter", "hook": "input", "prio": 0}},
            {"chain": {"family": "ip", "table": "t", "name": "out", "type": "route", "hook": "output", "prio": 0}},
            {"chain": {"family": "ip", "table": "t", "name": "post", "type": "nat", "hook": "postrouting", "prio": 100}},
            {"chain": {"family": "ip", "table": "t", "name": "plain"}}]}
            """).Tables.Should().ContainSingle().Which;

        table.Chains.Values.Select(chain => (chain.Name, chain.Hook, chain.Priority, chain.IsNat, chain.Policy)).Should().BeEquivalentTo<(string, Hook?, int, bool, WalkVerdict)>(
        [
            ("pre", Hook.Prerouting, -100, true, WalkVerdict.Accept),
            ("fwd", Hook.Forward, 7, false, WalkVerdict.Drop),
            ("in", Hook.Input, 0, false, WalkVerdict.Accept),
            ("out", Hook.Output, 0, false, WalkVerdict.Accept),
            ("post", Hook.Postrouting, 100, true, WalkVerdict.Accept),
            ("plain", null, 0, false, WalkVerdict.Accept),
        ]);
    }

    /// <summary>Tables of the same name in two families are two; sets and chains are looked up in their own.</summary>
    [Fact]
    public void SeveralTablesAreKeptApart()
    {
        Ruleset rules = Read("""
            {"nftables": [
            {"table": {"family": "ip", "name": "t"}}, {"table": {"family": "inet", "name": "t"}}, {"table": {"family": "ip", "name": "u"}},
            {"set": {"family": "ip", "table": "t", "name": "s", "type": "ipv4_addr", "elem": ["10.0.0.1"]}},
            {"set": {"family": "ip", "table": "u", "name": "s", "type": "ipv4_addr", "elem": ["10.0.0.2"]}},
            {"chain": {"family": "ip", "table": "t", "name": "c"}}, {"chain": {"family": "ip", "table": "u", "name": "c"}},
            {"rule": {"family": "ip", "table": "t", "chain": "c", "comment": "of t", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "@s"}}]}},
            {"rule": {"family": "ip", "table": "u", "chain": "c", "expr": [{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "daddr"}}, "right": "@s"}}]}}]}
            """);

        rules.Tables.Select(table => table.Name).Should().Equal("t", "t", "u");
        rules.Tables.Select(table => string.Join(' ', table.Chains.Values.SelectMany(chain => chain.Rules).SelectMany(rule => ((RuleStep.SetMatch)rule.Steps[0]).Set.Keys)))
            .Should().Equal("10.0.0.1", "", "10.0.0.2");
        rules.Tables[0].Chains["c"].Rules[0].Comment.Should().Be("of t");
        rules.Tables[2].Chains["c"].Rules[0].Comment.Should().BeEmpty();
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("{\n\"nftables\": [\n", 3)]
    [InlineData("{\n\"nftables\": [}", 2)]
    [InlineData("internal:0:0-0: Error: no such table", 1)]
    [InlineData("{}", 0)]
    [InlineData("[]", 0)]
    [InlineData("""{"nftables": {}}""", 0)]
    [InlineData("""{"nftables": [{}]}""", 0)]
    [InlineData("""{"nftables": [5]}""", 0)]
    [InlineData("""{"nftables": [{"chain": {"family": "ip", "name": "c"}}]}""", 0)]
    [InlineData("""{"nftables": [{"chain": {"family": "ip", "table": "t", "name": "c", "type": "nat", "hook": "input", "prio": "filter"}}]}""", 0)]
    [InlineData("""{"nftables": [{"chain": {"family": "ip", "table": "t", "name": "c", "type": "nat", "hook": "input", "prio": "99999999999"}}]}""", 0)]
    [InlineData("""{"nftables": [{"table": {"family": "ip", "name": "t"}}, {"rule": {"family": "ip", "table": "t", "chain": "c", "expr": []}}]}""", 0)]
    public void WhatIsNoListingIsRefused(string json, int line)
    {
        FluentActions.Invoking(() => Read(json)).Should().Throw<RuleTextException>().Which.Line.Should().Be(line);
    }

    [Theory]
    [InlineData("""{"prefix": {"addr": "10.0.0.0", "len": 33}}""")]
    [InlineData("""{"prefix": {"addr": "10.0.0.0", "len": -1}}""")]
    [InlineData("""{"range": ["10.0.0.0", 5]}""")]
    public void ImpossibleElementsMayMatch(string element)
    {
        Listing.Steps(Listing.Match(Listing.Source, element)).Should().ContainSingle().Which.Should().BeOfType<RuleStep.UnknownMatch>();
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RecordedListingsAreUnderstoodCompletely(string name)
    {
        RuleStep[] steps = [.. Read(Text(name)).Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules).SelectMany(rule => rule.Steps.AsSpan().ToArray())];

        steps.Should().HaveCountGreaterThan(30);
        steps.Should().NotContain(step => step is RuleStep.UnknownMatch || step is RuleStep.UnknownStatement);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void MutatedListingsThrowNothingButTheReadersException(string name)
    {
        string text = Text(name);
        Damage.Try(Nightly.Size(50, 150), random => TryRead(random.Next(3) == 0 ? Scribble(text, random) : ReplaceValues(text, random)));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void AListingThatIsCutOffIsRefused(string name)
    {
        string text = Text(name).TrimEnd();
        Prop.ForAll<int>(seed => !TryRead(text[..new Random(seed).Next(text.Length)])).Check(Config.QuickThrowOnFailure);
    }

    private static bool TryRead(string json)
    {
        try
        {
            Read(json);
            return true;
        }
        catch (RuleTextException)
        {
            return false;
        }
    }

    /// <summary>Puts other values in random places, or removes some: still JSON, but not of nft.</summary>
    private static string ReplaceValues(string text, Random random)
    {
        JsonNode root = JsonNode.Parse(text)!["nftables"]!; // every listing has it
        List<JsonNode> holders = [];
        Collect(root, holders);
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            JsonNode? value = random.Next(4) == 0 ? null : JsonNode.Parse(s_values[random.Next(s_values.Length)]);
            switch (holders[random.Next(holders.Count)])
            {
                case JsonObject { Count: > 0 } holder:
                    string name = holder.ElementAt(random.Next(holder.Count)).Key;
                    holder[name] = value;
                    break;
                case JsonArray { Count: > 0 } holder when value is null:
                    holder.RemoveAt(random.Next(holder.Count));
                    break;
                case JsonArray { Count: > 0 } holder:
                    holder[random.Next(holder.Count)] = value;
                    break;
            }
        }

        return $$"""{"nftables": {{root.ToJsonString()}}}""";
    }

    private static void Collect(JsonNode? node, List<JsonNode> holders)
    {
        IEnumerable<JsonNode?> values = node switch
        {
            JsonObject holder => holder.Select(property => property.Value),
            JsonArray holder => holder,
            _ => [],
        };
        if (node is JsonObject or JsonArray)
        {
            holders.Add(node);
        }

        foreach (JsonNode? value in values)
        {
            Collect(value, holders);
        }
    }

    private static string Scribble(string text, Random random)
    {
        StringBuilder mutated = new(text);
        mutated[random.Next(mutated.Length)] = (char)random.Next(1, 128);
        return mutated.ToString();
    }

    private static string Text(string name) => File.ReadAllText(Path.Combine(RepositoryRoot.Recorded, "cases", name, "nftables", "nft.json"));

    private static Ruleset Read(string json) => Rulesets.Nftables(json, IpFamily.IPv4);
}

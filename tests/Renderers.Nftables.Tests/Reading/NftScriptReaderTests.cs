using System.Text;
using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>Whole texts in nft's language: commands, blocks, families, errors and damage.</summary>
public sealed class NftScriptReaderTests
{
    /// <summary>Listings and scripts with rules of every kind.</summary>
    public static TheoryData<string> Texts => new()
    {
        "recorded/cases/affinity-timeout/nftables/nft.txt", "recorded/cases/source-ranges/nftables/nft.txt", "recorded/cases/no-endpoints/nftables/nft.txt",
        "own/examples/nftables.golden", "../Renderers.Nftables.Tests/Reading/foreign/ruleset.txt",
    };

    [Theory]
    [InlineData("ip", IpFamily.IPv4, true)]
    [InlineData("ip6", IpFamily.IPv6, true)]
    [InlineData("inet", IpFamily.IPv4, true)]
    [InlineData("inet", IpFamily.IPv6, true)]
    [InlineData("", IpFamily.IPv4, true)]
    [InlineData("", IpFamily.IPv6, false)]
    [InlineData("ip6", IpFamily.IPv4, false)]
    [InlineData("bridge", IpFamily.IPv4, false)]
    [InlineData("netdev", IpFamily.IPv4, false)]
    [InlineData("arp", IpFamily.IPv4, false)]
    public void TablesOfTheFamilyAreRead(string family, IpFamily seenAs, bool isRead)
    {
        Rulesets.NftablesText($"table {family} t {{\n\tchain c {{\n\t\taccept\n\t}}\n}}\n", seenAs).Tables.Select(table => table.Name).Should().Equal(isRead ? ["t"] : []);
    }

    [Theory]
    [InlineData("type nat hook prerouting priority dstnat; policy accept;", Hook.Prerouting, -100, true, WalkVerdict.Accept)]
    [InlineData("type nat hook output priority -100; policy accept;", Hook.Output, -100, true, WalkVerdict.Accept)]
    [InlineData("type nat hook postrouting priority srcnat;", Hook.Postrouting, 100, true, WalkVerdict.Accept)]
    [InlineData("type filter hook prerouting priority dstnat - 10; policy accept;", Hook.Prerouting, -110, false, WalkVerdict.Accept)]
    [InlineData("type filter hook input priority filter + 7; policy drop;", Hook.Input, 7, false, WalkVerdict.Drop)]
    [InlineData("type filter hook forward priority raw", Hook.Forward, -300, false, WalkVerdict.Accept)]
    [InlineData("type route hook output priority mangle", Hook.Output, -150, false, WalkVerdict.Accept)]
    [InlineData("type filter hook input priority security; comment \"policy drop;\"", Hook.Input, 50, false, WalkVerdict.Accept)]
    [InlineData("type filter hook ingress device \"eth0\" priority filter; policy accept;", null, 0, false, WalkVerdict.Accept)]
    [InlineData("type filter hook ingress devices = { \"eth0\", lo } priority 0; policy accept;", null, 0, false, WalkVerdict.Accept)]
    public void BaseChainsAreRead(string declaration, Hook? hook, int priority, bool isNat, WalkVerdict policy)
    {
        WalkChain chain = Read($"table ip t {{\n\tchain c {{\n\t\t{declaration}\n\t\taccept\n\t}}\n}}\n").Tables[0].Chains["c"];

        (chain.Hook, chain.Priority, chain.IsNat, chain.Policy).Should().Be((hook, priority, isNat, policy));
        chain.Rules.Should().ContainSingle();
    }

    [Fact]
    public void CommandsAreCarriedOut()
    {
        Ruleset rules = Read("""
            # from before
            add table ip old; add table ip t
            delete table ip old
            table ip t { set s { typeof ip daddr; } ; chain c { drop; accept; }; }
            flush chain ip t c
            add rule ip t c ip daddr @s return
            add rule t c handle 5 drop
            insert rule ip t c accept
            add element ip t s { 10.0.0.1, 10.0.0.2 }
            add element ip t s { 10.0.0.3 comment "x } y" }
            add chain ip t d { type filter hook input priority 0 ; policy drop ; }
            add chain ip t gone
            delete chain ip t gone
            """);

        WalkTable table = rules.Tables.Should().ContainSingle().Which;
        table.Chains.Keys.Should().Equal("c", "d");
        table.Chains["c"].Rules.Select(rule => rule.Text).Should().Equal("accept", "ip daddr @s return", "drop");
        ((RuleStep.SetMatch)table.Chains["c"].Rules[1].Steps[0]).Set.Keys.Should().BeEquivalentTo("10.0.0.1", "10.0.0.2", "10.0.0.3");
        table.Chains["d"].Policy.Should().Be(WalkVerdict.Drop);
    }

    [Fact]
    public void FlushingAllRulesLeavesThoseThatFollow()
    {
        Read("table ip t {\n}\nflush ruleset\ntable ip u {\n}\n").Tables.Select(table => table.Name).Should().Equal("u");
    }

    /// <summary>As <c>nft -a</c> prints them.</summary>
    [Fact]
    public void HandlesAreNotPartOfRules()
    {
        WalkTable table = Read("table ip t { # handle 7\n\tchain c { # handle 1\n\t\tip saddr 10.0.0.1 accept comment \"no # handle\" # handle 2\n\t}\n}\n").Tables[0];

        table.Chains["c"].Rules[0].Text.Should().Be("ip saddr 10.0.0.1 accept comment \"no # handle\"");
        table.Chains["c"].Rules[0].Comment.Should().Be("no # handle");
    }

    [Fact]
    public void BothFamiliesAreReadAtOnce()
    {
        Ruleset four = new(IpFamily.IPv4);
        Ruleset six = new(IpFamily.IPv6);
        KubeProxySharp.Renderers.Nftables.Reading.NftScriptReader.Read(Encoding.UTF8.GetBytes("table ip a {\n}\ntable ip6 b {\n}\ntable inet c {\n}\n"), four, six);

        four.Tables.Select(table => table.Name).Should().Equal("a", "c");
        six.Tables.Select(table => table.Name).Should().Equal("b", "c");
    }

    [Theory]
    [InlineData("*nat\n", 1, "\"*nat\" is not a command")]
    [InlineData("\n\nlist ruleset\n", 3, "\"list\" is not a command")]
    [InlineData("table ip t {\n\tchain c {\n\t\taccept\n\t}\n", 5, "a block is not closed")]
    [InlineData("table ip t {\n\tchain c {\n\t\tip saddr { 10.0.0.1 accept\n\t}\n", 5, "a block is not closed")]
    [InlineData("table ip t {\n\tchain c {\n\t\tip saddr { 10.0.0.1 accept\n", 3, "a brace is not closed")]
    [InlineData("table ip t {\n\tchain c {\n\t\taccept comment \"x\n\t}\n}\n", 3, "a quote is not closed")]
    [InlineData("table ip t {\n}\n}\n", 3, "a command is expected")]
    [InlineData("table ip t {\n\tset s {\n\t\ttimeout soon\n\t}\n}\n", 3, "\"soon\" is not a time")]
    [InlineData("table ip t {\n\tchain c {\n\t\ttype filter hook input priority sometime;\n\t}\n}\n", 3, "\"sometime\" is not a priority")]
    [InlineData("table ip t {\n\tchain c {\n\t\ttype filter hook input;\n\t}\n}\n", 3, "a base chain has")]
    [InlineData("add rule ip t c accept\n", 1, "there is no table ip t")]
    [InlineData("add table ip t\nadd rule ip t c accept\n", 2, "there is no chain c")]
    [InlineData("add table ip t\nadd element ip t s { 1 }\n", 2, "there is no set s")]
    [InlineData("add table ip t\nadd chain ip t c\nadd rule ip t c\n", 3, "a rule is missing")]
    [InlineData("table\n", 1, "a table is missing")]
    [InlineData("add table ip t\nadd chain ip t c\ndelete rule ip t c handle 5\n", 3, "\"delete rule\" cannot be followed")]
    public void WhatIsNoListingIsRefused(string text, int line, string reason)
    {
        RuleTextException refused = FluentActions.Invoking(() => Read(text)).Should().Throw<RuleTextException>().Which;

        refused.Message.Should().Contain(reason);
        refused.Line.Should().Be(line);
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void MutatedTextsThrowNothingButTheReadersException(string path)
    {
        string text = Text(path);
        Damage.Try(150, random => TryRead(Mutate(text, random)));
    }

    [Theory]
    [MemberData(nameof(Texts))]
    public void TextsThatAreCutOffThrowNothingButTheReadersException(string path)
    {
        string text = Text(path);
        Prop.ForAll<int>(seed =>
        {
            TryRead(text[..new Random(seed).Next(text.Length)]);
        }).Check(Config.QuickThrowOnFailure);
    }

    private static bool TryRead(string text)
    {
        try
        {
            // All rules and elements are read, not only found.
            RuleLines.Of(Rulesets.NftablesText(text, IpFamily.IPv4));
            return true;
        }
        catch (RuleTextException)
        {
            return false;
        }
    }

    /// <summary>Words vanish, are doubled or change places, and characters change.</summary>
    private static string Mutate(string text, Random random)
    {
        List<string> words = [.. text.Split(' ')];
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            int at = random.Next(words.Count);
            switch (random.Next(4))
            {
                case 0:
                    words.RemoveAt(at);
                    break;
                case 1:
                    words.Insert(at, words[random.Next(words.Count)]);
                    break;
                case 2:
                    (words[at], words[0]) = (words[0], words[at]);
                    break;
                default:
                    char[] characters = words[at].ToCharArray();
                    if (characters.Length != 0)
                    {
                        characters[random.Next(characters.Length)] = "{}\";,:@#\\\n.-/[]0a\t"[random.Next(18)];
                    }

                    words[at] = new string(characters);
                    break;
            }
        }

        return string.Join(' ', words);
    }

    private static string Text(string path) => File.ReadAllText(Path.Combine(RepositoryRoot.Golden, path));

    private static Ruleset Read(string text) => Rulesets.NftablesText(text, IpFamily.IPv4);

    /// <summary>Chains that see packets as frames are not followed: what comes in or leaves by their interface meets something unknown.</summary>
    [Theory]
    [InlineData("ingress device \"eth0\"", "eth0", true)]
    [InlineData("ingress device \"eth0\"", "eth1", false)]
    [InlineData("ingress devices = { eth1, eth0 }", "eth0", true)]
    [InlineData("ingress devices = { eth1, eth2 }", "eth0", false)]
    [InlineData("egress device \"out0\"", "eth0", true)]
    [InlineData("egress device \"eth0\"", "eth0", false)]
    public void ChainsOfTheHooksOfInterfacesMayDoAnything(string devices, string comesInBy, bool isOpen)
    {
        Ruleset rules = Testing.Rulesets.NftablesText($"table netdev t {{\n chain c {{\n  type filter hook {devices} priority -500; policy accept;\n  drop\n }}\n}}\n", IpFamily.IPv4);

        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(rules, new NodeView([])).Walk(
            new(AddressRange.Of(IpAddress.Parse("203.0.113.9")), IpAddress.Parse("192.0.2.1"), TransportProtocol.Tcp, 80) { InputInterface = comesInBy, OutputInterface = "out0" });

        outcomes.Should().ContainSingle().Which.IsOpen.Should().Be(isOpen);
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>Variables of scripts (nft(8), symbolic variables).</summary>
public sealed class NftVariablesTests
{
    [Theory]
    [InlineData("define web = 80\n", "tcp dport $web accept", "tcp dport 80 accept")]
    [InlineData("define web = { 80, 443 }\n", "tcp dport $web accept", "tcp dport { 80, 443 } accept")]
    [InlineData("define web = { 80,\n  443 } # of the site\ndefine all = { $web, 53 }\n", "tcp dport $all accept", "tcp dport { 80, 443, 53 } accept")]
    [InlineData("define web = { 80, 443 }\n", "tcp dport { 53, $web } accept", "tcp dport { 53, 80, 443 } accept")]
    [InlineData("define web = { 80, 443 }\n", "tcp dport {\n 53,\n $web } accept", "tcp dport { 53, 80, 443 } accept")]
    [InlineData("define wan = \"eth0\"; define to = 10.0.0.1\n", "iifname $wan dnat to $to:80", "iifname \"eth0\" dnat to 10.0.0.1:80")]
    [InlineData("define web = 80\nredefine web = 81\n", "tcp dport $web accept", "tcp dport 81 accept")]
    [InlineData("define next = sub\n", "jump $next", "jump sub")]
    [InlineData("define a = 1\n", "accept comment \"costs $a\"", "accept comment \"costs $a\"")]
    public void StandForTheirValues(string definitions, string typed, string meant)
    {
        Ruleset rules = Rulesets.NftablesText($"{definitions}table ip t {{\n\tchain c {{\n\t\t{typed}\n\t}}\n}}\n", IpFamily.IPv4);

        rules.Tables[0].Chains["c"].Rules.Should().ContainSingle().Which.Text.Should().Be(meant);
    }

    [Fact]
    public void OfABlockAreKnownInsideOfIt()
    {
        Ruleset rules = Rulesets.NftablesText(
            """
            define p = 80
            table ip t {
              define p = 81
              set s { type inet_service; elements = { $p, 82 }; }
              chain c { define p = 83
                tcp dport $p accept
              }
              chain d {
                tcp dport $p accept
              }
            }
            table ip u {
              chain e {
                tcp dport $p accept
              }
            }
            """,
            IpFamily.IPv4);

        rules.Tables.SelectMany(static table => table.Chains.Values).SelectMany(static chain => chain.Rules).Select(static rule => rule.Text)
            .Should().Equal("tcp dport 83 accept", "tcp dport 81 accept", "tcp dport 80 accept");
    }

    [Theory]
    [InlineData("table ip t {\n\tchain c {\n\t\ttcp dport $web accept\n\t}\n}\n", 3, "the variable $web is not defined")]
    [InlineData("define web = 80\nundefine web\ntable ip t {\n\tchain c {\n\t\ttcp dport $web accept\n\t}\n}\n", 5, "the variable $web is not defined")]
    [InlineData("define web = { 80,\n 81 }\ndefine\n", 3, "define NAME = VALUE")]
    [InlineData("define web = { 80,\n 81 }\ninclude \"x.nft\"\n", 3, "\"include\" names another file")]
    public void ThatAreNotDefinedAreAnError(string text, int line, string reason)
    {
        Action read = () => Rulesets.NftablesText(text, IpFamily.IPv4);

        RuleTextException error = read.Should().Throw<RuleTextException>().Which;
        error.Message.Should().Contain(reason);
        error.Line.Should().Be(line);
    }

    /// <summary>Each variable is twice the one before: a small file must not fill the memory.</summary>
    [Fact]
    public void WhatVariablesStandForIsBounded()
    {
        string definitions = "define a0 = { 80, 81 }\n" + string.Concat(Enumerable.Range(1, 40).Select(static number => FormattableString.Invariant($"define a{number} = {{ $a{number - 1}, $a{number - 1} }}\n")));

        FluentActions.Invoking(() => Rulesets.NftablesText(definitions, IpFamily.IPv4)).Should().Throw<RuleTextException>().WithMessage("*stand for more than 64 MB*");
    }
}

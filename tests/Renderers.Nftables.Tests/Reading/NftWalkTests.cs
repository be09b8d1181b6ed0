using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>What becomes of 198.51.100.1:40000 -> 10.0.0.9:80 over TCP, with rules whose outcome the kernel has shown (random rules in namespaces).</summary>
public sealed class NftWalkTests
{
    private const string Filter = "type filter hook forward priority filter;";
    private const string Nat = "type nat hook prerouting priority";
    private const string Raw = "type filter hook prerouting priority raw;";

    [Theory]

    // Of equal priority the chain that was created last comes first.
    [InlineData($"chain a {{ {Filter}\nreject\n}}\nchain b {{ {Filter}\ndrop\n}}", "Drop")]
    [InlineData($"chain b {{ {Filter}\ndrop\n}}\nchain a {{ {Filter}\nreject\n}}", "Reject")]
    [InlineData($"chain a {{ {Nat} dstnat;\ndnat to 10.0.0.1\n}}\nchain b {{ {Nat} dstnat;\ndnat to 10.0.0.2\n}}", "Accept 10.0.0.2:80")]

    // Chains of the type nat run at the priority of the kernel's own, in the order of theirs.
    [InlineData($"chain a {{ {Nat} -150;\ndnat to 10.0.0.1\n}}\nchain f {{ type filter hook prerouting priority -120;\nip daddr 10.0.0.1 drop\n}}", "Accept 10.0.0.1:80")]
    [InlineData($"chain a {{ {Nat} 10;\ndnat to 10.0.0.1\n}}\nchain f {{ type filter hook prerouting priority 0;\nip daddr 10.0.0.1 drop\n}}", "Drop 10.0.0.1:80")]
    [InlineData($"chain a {{ {Nat} 10;\ndnat to 10.0.0.1\n}}\nchain b {{ {Nat} 0;\ndnat to 10.0.0.2\n}}", "Accept 10.0.0.2:80")]

    // After a jump the next rule comes, whatever follows in this one.
    [InlineData($"chain sub {{\nreturn\n}}\nchain a {{ {Filter}\ntcp dport vmap {{ 80 : jump sub }} drop\n}}", "Accept")]
    [InlineData($"chain a {{ {Filter}\ntcp dport vmap {{ 80 : continue }} drop\n}}", "Drop")]

    // Statements that end the rule.
    [InlineData($"chain a {{ {Filter}\ncounter name tcp dport map {{ 81 : \"x\" }} drop\n}}", "Accept")]
    [InlineData($"chain a {{ {Filter}\nmeta priority set tcp dport map {{ 81 : 1:1 }} drop\n}}", "Accept")]
    [InlineData($"chain a {{ {Filter}\nmeta mark set tcp dport map {{ 81 : 0x1 }} drop\n}}", "Accept")]
    [InlineData($"chain a {{ {Filter}\nmeta mark set tcp dport map {{ 80 : 0x1 }}\nmeta mark 0x1 drop\n}}", "Drop")]
    [InlineData($"chain a {{ {Filter}\nip6 dscp set cs1 drop\n}}", "Accept")]
    [InlineData($"chain a {{ {Filter}\nflow add @f drop\n}}", "Accept")]
    [InlineData($"set s {{ type ipv4_addr . inet_service; flags dynamic;\n}}\nchain a {{ {Filter}\nadd @s {{ ip saddr . udp dport }} drop\n}}", "Accept")]
    [InlineData($"chain n {{ {Raw}\nnotrack\n}}\nchain a {{ {Filter}\nmeta mark set ct mark drop\n}}", "Accept")]

    // With a template of its connection a packet is not exempted from tracking, and is one that is exempted tracked again.
    [InlineData($"chain n {{ {Raw}\nct zone set 5 notrack\n}}\nchain a {{ {Filter}\nct state untracked drop\n}}", "Accept")]
    [InlineData($"chain n {{ {Raw}\nnotrack ct zone set 5\n}}\nchain a {{ {Filter}\nct state untracked drop\n}}", "Accept")]
    [InlineData($"chain n {{ {Raw}\nct zone set 5 ct state new drop\n}}", "Drop")]
    [InlineData($"chain n {{ {Raw}\nct state new drop\n}}", "Accept")]

    [InlineData($"chain n {{ {Raw}\nnotrack\n}}\nchain a {{ {Filter}\nct zone set 5\n}}", "Accept", true)]

    // Flags joined in an element are one value.
    [InlineData($"chain a {{ {Filter}\ntcp flags vmap {{ syn | ack : drop, syn : accept }}\n}}", "Accept")]
    [InlineData($"chain a {{ {Filter}\ntcp flags {{ syn | ack, fin }} drop\n}}", "Accept")]
    public void IsAsInTheKernel(string chains, string outcome, bool isOpen = false)
    {
        Ruleset rules = Rulesets.NftablesText($"table inet t {{\n{chains}\n}}\n", IpFamily.IPv4);

        IReadOnlyList<WalkOutcome> outcomes = new PacketWalker(rules, new NodeView([IpAddress.Parse("192.0.2.1")])).Walk(
            new(AddressRange.Of(IpAddress.Parse("198.51.100.1")), IpAddress.Parse("10.0.0.9"), TransportProtocol.Tcp, 80) { SourcePort = 40000, InputInterface = "eth0", OutputInterface = "eth1" });

        WalkOutcome only = outcomes.Should().ContainSingle().Which;
        (only.IsUncertain, only.IsOpen).Should().Be((isOpen, isOpen));
        $"{only.Verdict} {only.Target}".Trim().Should().Be(outcome);
    }
}

using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Collections;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>
/// A reader that does not understand a part of a rule never answers surely what is not so: one match or statement is hidden from
/// it, and what really becomes of the packet is still among what is said; if only one thing is said, it is that.
/// </summary>
public sealed class HiddenMatchTests
{
    private static readonly string s_others = RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "rules");

    public static TheoryData<string> Cases => [.. RecordedCases.Cases];

    public static TheoryData<string> RulesOfOthers => [.. Directory.GetFiles(s_others).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void AHiddenPartOfARecordedRuleIsADoubtOrMakesNoDifference(string name)
    {
        IReadOnlyList<IpAddress> local = RecordedNode.Read(RecordedCases.CaseDirectory(name)).Addresses;
        if (RecordedRules.Exists(name, RecordedRules.SaveFile("iptables", IpFamily.IPv4)))
        {
            Check(RecordedRules.Iptables(name, IpFamily.IPv4), local, Nightly.Size(12, 400), seed: 1);
        }

        if (RecordedRules.Exists(name, "nftables/nft.json"))
        {
            Check(RecordedRules.Nftables(name, IpFamily.IPv4), local, Nightly.Size(12, 400), seed: 2);
        }
    }

    [Theory]
    [MemberData(nameof(RulesOfOthers))]
    public void AHiddenPartOfARuleOfOthersIsADoubtOrMakesNoDifference(string file)
    {
        string text = File.ReadAllText(Path.Combine(s_others, file));
        Ruleset rules = file.EndsWith(".nft", StringComparison.Ordinal) ? Rulesets.NftablesText(text, IpFamily.IPv4) : Rulesets.Iptables(text, IpFamily.IPv4);
        Check(rules, [IpAddress.Parse("192.0.2.10"), IpAddress.Parse("10.0.0.5")], Nightly.Size(60, 2000), seed: 3);
    }

    /// <summary>Forms that the recorded rules and those of others do not have.</summary>
    [Fact]
    public void AHiddenPartOfARareFormIsADoubtOrMakesNoDifference()
    {
        Ruleset nft = Rulesets.NftablesText(
            """
            define lan = { 203.0.113.0/25, 198.51.100.0/24 }
            define web = 80
            table inet t {
              set timed { type ipv4_addr; flags timeout; timeout 1h; elements = { 203.0.113.9, 192.0.2.77 timeout 2h }; }
              map numbers { type inet_service : mark; flags interval; elements = { 80 : 0x1, 443 : 0x2, 8000-8100 : 0x10 }; }
              chain inner {
                meta mark set meta mark xor 0x3
                ct mark set tcp dport map { 80 : 0x1, 443 : 0x2 }
                meta mark & 0x3 vmap { 0x1 : return, 0x2 : goto last, * : continue } counter
              }
              chain last {
                ip saddr @timed accept
                ct state ! established,related meta mark set 0x4
              }
              chain early { type filter hook prerouting priority raw;
                tcp dport 8085 notrack
                ip saddr { $lan, 10.0.0.9 } ct zone set 5
              }
              chain marks { type filter hook prerouting priority mangle;
                meta mark set tcp dport map @numbers
                tcp dport vmap { $web : jump inner, 1-1023 : goto last } meta mark set 0x5
              }
              chain first { type nat hook prerouting priority dstnat;
                meta mark 0x1 redirect to :tcp dport map { 80 : 8080, 443 : 8443 }
                ip daddr 192.0.2.78 dnat ip to ip saddr map { 203.0.113.0/25 : 198.18.1.7, 0.0.0.0/1 : 198.18.1.8 }
              }
              chain second { type nat hook prerouting priority dstnat;
                meta mark and 0x4 == 0x4 ip daddr 198.51.100.51 dnat ip to 198.18.1.9
              }
              chain through { type filter hook forward priority filter; policy drop;
                ip dscp set cs1 counter name tcp dport map { 80 : "hits", 443 : "hits" } accept
                tcp flags ! syn drop
                tcp flags vmap { syn | ack : drop, syn : jump inner }
                meta mark 0x0 reject with icmpx admin-prohibited
                ct direction vmap { original : accept, reply : drop }
              }
              chain through2 { type filter hook forward priority filter;
                meta mark { 0x3, 0x6 } drop
              }
              chain tosrc { type nat hook postrouting priority srcnat;
                meta l4proto tcp snat ip to ip saddr map { 203.0.113.0/25 : 198.18.9.7, 10.0.0.0/8 : 198.18.9.8 }
              }
            }
            """,
            IpFamily.IPv4);
        Ruleset iptables = Rulesets.Iptables(
            """
            *raw
            :PREROUTING ACCEPT [0:0]
            -A PREROUTING -p tcp --dport 8085 -j CT --notrack
            -A PREROUTING -s 203.0.113.0/25 -j CT --zone 5
            -A PREROUTING -p tcp --dport 81 -j CT --notrack
            COMMIT
            *mangle
            :PREROUTING ACCEPT [0:0]
            :user - [0:0]
            :inner - [0:0]
            -A PREROUTING -m conntrack ! --ctstatus SEEN_REPLY -j user
            -A PREROUTING -m conntrack --ctproto 6 -j CONNMARK --save-mark --nfmask 0xf --ctmask 0x3
            -A PREROUTING -m connmark --mark 0x1/0x1 -j MARK --or-mark 0x10
            -A user -p tcp -m multiport --dports 80,443 -j MARK --set-xmark 0x1/0x3
            -A user -m conntrack ! --ctorigdstport 80 -g inner
            -A user -j MARK --xor-mark 0x2
            -A inner -m conntrack --ctstatus NONE -j DROP
            -A inner -j CONNMARK --or-mark 0x4
            COMMIT
            *nat
            :PREROUTING ACCEPT [0:0]
            :POSTROUTING ACCEPT [0:0]
            -A PREROUTING -m mark --mark 0x3/0x3 -j NETMAP --to 198.18.0.0/24
            -A PREROUTING -p tcp --dport 81 -j REDIRECT --to-ports 8000-8010
            -A POSTROUTING -m owner ! --uid-owner 0 -j SNAT --to-source 198.18.9.9
            COMMIT
            *filter
            :FORWARD DROP [0:0]
            -A FORWARD -m mark --mark 0x10/0x10 -m connmark ! --mark 0x4/0x4 -j ACCEPT
            -A FORWARD ! -f -m state --state NEW -j REJECT --reject-with icmp-admin-prohibited
            COMMIT
            """,
            IpFamily.IPv4);

        Check(nft, [IpAddress.Parse("192.0.2.10")], Nightly.Size(200, 4000), seed: 4);
        Check(iptables, [IpAddress.Parse("192.0.2.10")], Nightly.Size(200, 4000), seed: 5);
    }

    private static void Check(Ruleset rules, IReadOnlyList<IpAddress> local, int count, int seed)
    {
        Random random = new(seed);
        PacketSampler sampler = new(rules, rules, local, random);
        NodeView node = new(local);
        PacketWalker walker = new(rules, node);
        for (int number = 0; number < count; number++)
        {
            WalkPacket packet = sampler.Next() with { State = ConnectionStates.New, KnownTo = [] };
            IReadOnlyList<WalkOutcome> real = walker.Walk(packet);
            real.Should().OnlyContain(outcome => !outcome.IsOpen);
            if (Pick(rules, real, random) is not { } place)
            {
                continue;
            }

            IReadOnlyList<WalkOutcome> said = new PacketWalker(WithHidden(rules, place), node).Walk(packet);

            string because = $"{packet}: {place.Rule.Text} without {place.Rule.Steps[place.Step]}";
            HashSet<string> ends = [.. said.Select(End)];
            if (!said.Any(outcome => outcome.IsOpen))
            {
                ends.Should().Contain(real.Select(End), because);
            }

            if (said.All(outcome => !outcome.IsUncertain))
            {
                ends.Should().BeEquivalentTo(real.Select(End).ToHashSet(StringComparer.Ordinal), because);
            }
        }
    }

    /// <summary>A step of a rule that the packet met, or of another rule of a chain that it went through.</summary>
    private static Place? Pick(Ruleset rules, IReadOnlyList<WalkOutcome> outcomes, Random random)
    {
        WalkTraceEntry[] trace = [.. outcomes.SelectMany(outcome => outcome.Trace).Where(entry => !entry.IsPolicy)];
        (string table, WalkChain chain)[] chains = trace.Length != 0
            ? [.. trace.Select(entry => (entry.Table, rules.Tables.First(table => table.Name == entry.Table && table.Chains.ContainsKey(entry.Chain)).Chains[entry.Chain]))]
            : [.. rules.Tables.SelectMany(table => table.Chains.Values.Where(chain => chain.Hook is not null).Select(chain => (table.Name, chain)))];
        if (chains.Length == 0)
        {
            return null;
        }

        int index = random.Next(chains.Length);
        WalkChain picked = chains[index].chain;
        if (picked.Rules.Count == 0)
        {
            return null;
        }

        int rule = trace.Length != 0 && random.Next(2) == 0 ? trace[index].Position - 1 : random.Next(picked.Rules.Count);
        int steps = picked.Rules[rule].Steps.Length;
        return steps == 0 ? null : new(chains[index].table, picked.Name, rule, random.Next(steps), picked.Rules[rule]);
    }

    private static Ruleset WithHidden(Ruleset rules, Place place)
    {
        Ruleset changed = new(rules.Family);
        foreach (WalkTable table in rules.Tables)
        {
            WalkTable copy = new(table.Name);
            foreach (WalkChain chain in table.Chains.Values)
            {
                WalkChain copied = new(chain.Name) { Hook = chain.Hook, Priority = chain.Priority, IsNat = chain.IsNat, Policy = chain.Policy };
                copied.Rules.AddRange(chain.Rules);
                copy.Chains.Add(chain.Name, copied);
                if (table.Name == place.Table && chain.Name == place.Chain)
                {
                    RuleStep[] steps = place.Rule.Steps.AsSpan().ToArray();
                    steps[place.Step] = IsStatement(steps[place.Step]) ? new RuleStep.UnknownStatement("hidden") : new RuleStep.UnknownMatch("hidden");
                    copied.Rules[place.Position] = new WalkRule(place.Rule.Text, EquatableArray.Adopt(steps));
                }
            }

            changed.Tables.Add(copy);
        }

        return changed;
    }

    private static bool IsStatement(RuleStep step) =>
        step is RuleStep.Verdict or RuleStep.Reject or RuleStep.Jump or RuleStep.VerdictLookup or RuleStep.Cases or RuleStep.SetMark or RuleStep.SetConnectionMark or RuleStep.SaveMark or RuleStep.RestoreMark
            or RuleStep.Dnat or RuleStep.DnatLookup or RuleStep.Masquerade or RuleStep.Translate or RuleStep.TranslatePrefix or RuleStep.NoTracking or RuleStep.TrackingTemplate or RuleStep.RememberClient or RuleStep.NoEffect
            or RuleStep.UnknownStatement;

    private static string End(WalkOutcome outcome) => outcome.Verdict switch
    {
        WalkVerdict.Drop => "dropped",
        WalkVerdict.Reject => $"refused with {outcome.RejectWith}",
        _ => $"{outcome.Target} {outcome.TargetPorts} {outcome.IsMasqueraded} {outcome.NewSource}",
    };

    private sealed record Place(string Table, string Chain, int Position, int Step, WalkRule Rule);
}

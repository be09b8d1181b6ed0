using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Equivalence;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Analysis.Equivalence;

/// <summary>Firewalls whose rules split packets by interface, address and port: compared by what changed, with the outcome of a plain comparison.</summary>
public sealed class FirewallComparisonTests
{
    private static readonly IpAddress[] s_node = [IpAddress.Parse("192.0.2.1")];

    public static TheoryData<string, int> Sizes
    {
        get
        {
            TheoryData<string, int> sizes = [];
            foreach (string style in GeneratedFirewall.Styles)
            {
                sizes.Add(style, 600);
                sizes.Add(style, 5000);
            }

            return sizes;
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AFirewallIsEqualToItselfInAnotherSpelling(string style, int size)
    {
        List<string> lines = GeneratedFirewall.Lines(style, size, seed: 1);
        string[] renamed = [.. lines.Select(static line => line.StartsWith("-A ", StringComparison.Ordinal) ? line.Replace(" -j ", " -m comment --comment \"other\" -j ", StringComparison.Ordinal) : line)];

        Compare(lines, renamed, ComparisonMethod.Chosen).Differences.Should().BeEmpty();
    }

    /// <summary>The change is found, and the packet that shows it is one that the changed rule is for.</summary>
    [Theory]
    [MemberData(nameof(Sizes))]
    public void OneChangedRuleIsFound(string style, int size)
    {
        List<string> lines = GeneratedFirewall.Lines(style, size, seed: 1);
        int first = lines.FindIndex(static line => line.StartsWith("-A INPUT", StringComparison.Ordinal));
        string[] before = [.. lines[..first], "-A INPUT -s 203.0.113.77/32 -p tcp -m tcp --dport 12345 -j REJECT --reject-with tcp-reset", .. lines[first..]];
        string[] after = [.. lines[..first], "-A INPUT -s 203.0.113.77/32 -p tcp -m tcp --dport 12346 -j REJECT --reject-with tcp-reset", .. lines[first..]];

        ComparisonFindings findings = Compare(before, after, ComparisonMethod.Chosen);

        findings.Undecided.Should().Be(0);
        findings.Differences.Should().Contain(static difference => !difference.IsUncertain && difference.PacketA.DestinationPort == 12345);
        findings.Differences.Should().Contain(static difference => !difference.IsUncertain && difference.PacketA.DestinationPort == 12346);
        findings.Differences.Should().AllSatisfy(static difference => IpAddress.FromBits(difference.PacketA.Source.First).ToString().Should().Be("203.0.113.77"));
    }

    /// <summary>Small firewalls can be compared packet by packet: both methods find that they differ, or both find that they do not.</summary>
    [Fact]
    public void WhatChangesShowIsWhatAPlainComparisonFinds()
    {
        int different = 0;
        for (int seed = 1; seed <= Nightly.Size(120, 1200); seed++)
        {
            Random random = new(seed);
            string style = GeneratedFirewall.Styles[seed % GeneratedFirewall.Styles.Length];
            List<string> lines = GeneratedFirewall.Lines(style, style == "zones" ? 90 : 14 + random.Next(20), seed);
            List<string> changed = Change(lines, random);

            ComparisonFindings plain = Compare(lines, changed, ComparisonMethod.EveryDestination);
            ComparisonFindings byChanges = Compare(lines, changed, ComparisonMethod.ByChanges);
            ComparisonFindings chosen = Compare(lines, changed, ComparisonMethod.Chosen);

            string title = $"seed {seed}, {style}: {string.Join(" | ", changed.Except(lines).Concat(lines.Except(changed)))}";
            Verdict(byChanges).Should().Be(Verdict(plain), title);
            Verdict(chosen).Should().Be(Verdict(plain), title);
            different += plain.Differences.Count == 0 ? 0 : 1;
        }

        different.Should().BeGreaterThan(20, "else the changes show nothing");
    }

    /// <summary>Firewalls of a few ports, sources and interfaces, where rules hide each other, whole protocols too: most changes show nowhere.</summary>
    [Fact]
    public void RulesThatHideOthersAreSeen()
    {
        int different = 0;
        int equal = 0;
        for (int seed = 1; seed <= Nightly.Size(250, 3000); seed++)
        {
            Random random = new(seed);
            List<string> lines = Overlapping(random);
            List<string> changed = Change(lines, random);

            ComparisonFindings plain = Compare(lines, changed, ComparisonMethod.EveryDestination);
            ComparisonFindings byChanges = Compare(lines, changed, ComparisonMethod.ByChanges);

            Verdict(byChanges).Should().Be(Verdict(plain), "seed {0}: {1}\n{2}", seed, string.Join(" | ", changed.Except(lines).Concat(lines.Except(changed))), string.Join('\n', lines));
            different += plain.Differences.Count == 0 ? 0 : 1;
            equal += plain.Differences.Count == 0 ? 1 : 0;
        }

        different.Should().BeGreaterThan(30);
        equal.Should().BeGreaterThan(30);
    }

    private static List<string> Overlapping(Random random)
    {
        string Of(params string[] choices) => choices[random.Next(choices.Length)];
        List<string> lines = ["*filter", ":INPUT ACCEPT [0:0]", $":FORWARD {Of("ACCEPT", "DROP")} [0:0]", ":OUTPUT ACCEPT [0:0]", ":one - [0:0]", ":two - [0:0]"];
        for (int number = random.Next(6, 16); number > 0; number--)
        {
            string ports = Of(" --dport 80", " --dport 80:90", " -m multiport --dports 80,443", " -m multiport --dports 80:85,443", " ! --dport 80", " --sport 53", "");
            string protocol = Of(" -p tcp -m tcp" + ports, " -p udp -m udp" + ports, " -p tcp", " -p udp", " ! -p tcp", "", "");
            string match = Of("", "", " -s 10.0.0.0/8", " -s 10.1.0.0/16", " ! -s 10.1.0.0/16") + Of("", "", " -d 192.0.2.0/24", " ! -d 192.0.2.128/25", " -d 192.0.2.1/32") + Of("", "", " -i eth0", " ! -i eth0") + Of("", "", " -o eth1") + protocol + Of("", "", "", " -m conntrack --ctstate ESTABLISHED", " -m mark --mark 0x1");
            string target = Of("ACCEPT", "DROP", "RETURN", "REJECT --reject-with icmp-port-unreachable", "one", "two", "MARK --set-xmark 0x1/0x1", "CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff");
            string chain = Of("FORWARD", "FORWARD", "INPUT", "one", "two");
            lines.Add($"-A {chain}{match} -{(random.Next(8) == 0 && target is "one" or "two" ? "g" : "j")} {(chain is "one" && target is "one" ? "DROP" : chain is "two" && target is "one" or "two" ? "ACCEPT" : target)}");
        }

        lines.AddRange(["COMMIT", "*nat", ":PREROUTING ACCEPT [0:0]", ":POSTROUTING ACCEPT [0:0]"]);
        if (random.Next(2) == 0)
        {
            lines.Add($"-A PREROUTING{Of("", " -i eth0", " -d 192.0.2.1/32")} -p tcp -m tcp --dport {Of("80", "8080")} -j DNAT --to-destination {Of("10.0.0.5:80", "192.0.2.9", "192.0.2.9:443")}");
        }

        lines.Add("COMMIT");
        return lines;
    }

    [Fact]
    public void AComparisonThatIsEndedSaysSo()
    {
        List<string> lines = GeneratedFirewall.Lines("flat", 600, seed: 1);
        List<string> changed = [.. lines.Select(static line => line.Replace(":FORWARD DROP", ":FORWARD ACCEPT", StringComparison.Ordinal))];
        RulesetComparison comparison = new(Read(lines), Read(changed), s_node);
        using CancellationTokenSource end = new();
        ComparisonWorker worker = comparison.NewWorker(end.Token);
        IReadOnlyList<RulesetDifference>?[] found = new IReadOnlyList<RulesetDifference>?[comparison.Destinations];
        found[0] = comparison.Compare(worker, 0);
        end.Cancel();

        FluentActions.Invoking(() => comparison.Compare(worker, 1)).Should().Throw<OperationCanceledException>();

        ComparisonFindings findings = comparison.Conclude(found);
        findings.Undecided.Should().Be(found.Length - 1);
    }

    private static string Verdict(ComparisonFindings findings) =>
        findings.Differences.Any(static difference => !difference.IsUncertain) ? "different" : findings.Differences.Count != 0 ? "unknown" : "equal";

    /// <summary>Changes one line: another target, port, source or interface; a rule that goes, comes, or moves; a policy.</summary>
    private static List<string> Change(List<string> lines, Random random)
    {
        List<string> changed = [.. lines];
        int[] rules = [.. Enumerable.Range(0, lines.IndexOf("COMMIT")).Where(index => lines[index].StartsWith("-A ", StringComparison.Ordinal))];
        int rule = rules[random.Next(rules.Length)];
        string line = lines[rule];
        switch (random.Next(7))
        {
            case 0:
                changed[rule] = line.EndsWith("-j DROP", StringComparison.Ordinal) ? line.Replace("-j DROP", "-j ACCEPT", StringComparison.Ordinal) : line[..Math.Max(line.IndexOf(" -j ", StringComparison.Ordinal), line.IndexOf(" -g ", StringComparison.Ordinal))] + " -j DROP";
                break;
            case 1:
                changed.RemoveAt(rule);
                break;
            case 2:
                string chain = line.Split(' ')[1];
                changed.Insert(rule, $"-A {chain} -s 198.51.100.0/24 -p udp -m udp --dport {random.Next(1, 65536)} -j REJECT --reject-with icmp-port-unreachable");
                break;
            case 3:
                changed[rule] = line.Contains("-p tcp -m tcp --dport ", StringComparison.Ordinal) ? line.Replace("--dport ", "--dport 1", StringComparison.Ordinal).Replace("--dport 18443", "--dport 18", StringComparison.Ordinal).Replace("--dport 127017", "--dport 27018", StringComparison.Ordinal).Replace("--dport 110250", "--dport 10251", StringComparison.Ordinal) : line.Replace("-p tcp", "-p udp", StringComparison.Ordinal);
                changed[rule] = changed[rule].Contains(':', StringComparison.Ordinal) ? line : changed[rule];
                break;
            case 4:
                changed[rule] = line.Replace("-i eth0", "-i eth1", StringComparison.Ordinal).Replace("-i lo", "-i eth0", StringComparison.Ordinal);
                break;
            case 5:
                int other = rules[random.Next(rules.Length)];
                (changed[rule], changed[other]) = (changed[other], changed[rule]);
                break;
            default:
                int policy = changed.FindIndex(static head => head.StartsWith(":FORWARD", StringComparison.Ordinal));
                changed[policy] = ":FORWARD " + (changed[policy].Contains("DROP", StringComparison.Ordinal) ? "ACCEPT" : "DROP") + " [0:0]";
                break;
        }

        return changed;
    }

    private static ComparisonFindings Compare(IEnumerable<string> a, IEnumerable<string> b, ComparisonMethod method) => new RulesetComparison(Read(a), Read(b), s_node, method).Compare();

    private static Ruleset Read(IEnumerable<string> lines) => Rulesets.Iptables(string.Join('\n', lines) + "\n", IpFamily.IPv4);
}

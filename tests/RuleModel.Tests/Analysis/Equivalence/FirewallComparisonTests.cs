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
                changed[rule] = line.EndsWith("-j DROP", StringComparison.Ordinal) ? line.Replace("-j DROP", "-j ACCEPT", StringComparison.Ordinal) : line[..line.IndexOf(" -j ", StringComparison.Ordinal)] + " -j DROP";
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

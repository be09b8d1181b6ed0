using System.Text;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;
using Xunit.Abstractions;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>
/// Rules that others may write, made at random of all matches and targets that explain understands: what the kernel does with a
/// packet is among what explain says, and mostly that is one thing.
/// </summary>
[Trait("Category", "Netns")]
public sealed class RandomRulesTests(ITestOutputHelper output)
{
    private const int PacketsOfEach = 8;
    private const double LeastSingle = 0.95;

    /// <summary>Of few packets: one rule set is a fortieth of them.</summary>
    private const double LeastSingleOfFew = 0.9;

    private const int DefaultSeed = 20261129;

    /// <summary>As many packets as it takes to meet each form.</summary>
    private const int LeastForForms = 2000;

    private static readonly string[] s_destinations = ["198.51.100.7", "198.51.100.8", "198.51.100.12", "192.0.2.50", "192.0.2.51", "10.9.1.1", "10.9.2.1"];
    private static readonly string[] s_sources = ["203.0.113.9", "203.0.113.20", "203.0.113.130", "10.9.1.2"];
    private static readonly ushort[] s_ports = [80, 443, 8080, 53, 1234, 8050];
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan s_longQuiet = TimeSpan.FromMilliseconds(300);

    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void WhatTheKernelDoesIsAmongWhatIsSaidOfIptablesRules(IpFamily family) => Check(
        Nightly.Size(320, 2000),
        family,
        IptablesForms.Counted,
        IptablesForms.OnlyWritten,
        static random => new RandomIptables(random).Make,
        (lab, made, random) =>
        {
            string tool = family == IpFamily.IPv4 ? "iptables-nft" : "ip6tables-nft";
            string typed = LabFamily.Iptables(made, family);
            lab.OnNode(typed, $"{tool}-restore");
            string saved = lab.OnNode("", $"{tool}-save");
            return random.Next(2) == 0 ? (typed, Rulesets.Iptables(typed, family)) : (saved, Rulesets.Iptables(saved, family));
        });

    /// <summary>The script as it was typed, its listing, and its listing as JSON are three forms of the same rules.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void WhatTheKernelDoesIsAmongWhatIsSaidOfNftRules(IpFamily family) => Check(
        Nightly.Size(320, 2000),
        family,
        NftablesForms.Counted,
        NftablesForms.OnlyWritten,
        static random => new RandomNftables(random).Make,
        (lab, made, random) =>
        {
            string typed = LabFamily.Nftables(made, family);
            lab.OnNode(typed, "nft", "-f", "-");
            switch (random.Next(3))
            {
                case 0:
                    return (typed, Rulesets.NftablesText(typed, family));
                case 1:
                    string listed = lab.OnNode("", "nft", "list", "ruleset");
                    return (listed, Rulesets.NftablesText(listed, family));
                default:
                    string json = lab.OnNode("", "nft", "-j", "list", "ruleset");
                    return (typed + json, Rulesets.Nftables(json, family));
            }
        });

    private void Check(
        int size,
        IpFamily family,
        IReadOnlyList<string> counted,
        IReadOnlyList<string> onlyWritten,
        Func<Random, Func<string>> generator,
        Func<RouterLab, string, Random, (string Text, Ruleset Rules)> load)
    {
        LabRequirements.RequireOrSkip();
        int seed = Environment.GetEnvironmentVariable("KPS_SEED") is { Length: > 0 } given ? int.Parse(given, System.Globalization.CultureInfo.InvariantCulture) : DefaultSeed;
        Random random = new(seed);
        Func<string> make = generator(random);
        FormCounts forms = new(counted);
        FormCounts others = new(onlyWritten);
        using RouterLab lab = new(family);
        List<string> differences = [];
        Dictionary<FateKind, int> seen = [];
        Dictionary<string, int> doubts = new(StringComparer.Ordinal);
        int single = 0;
        int count = 0;
        while (count < size)
        {
            string made = make();
            (string text, Ruleset rules) = load(lab, made, random);
            forms.AddWritten(made);
            others.AddWritten(made);
            List<ProbePacket> packets = [.. Enumerable.Range(1, PacketsOfEach).Select(number => RandomPacket(random, (ushort)(count + number), family))];
            count += packets.Count;
            PacketWalker walker = new(rules, new NodeView(RouterLab.NodeAddresses));
            Dictionary<ushort, Fate> fates = Send(lab, packets, s_quiet);
            foreach (ProbePacket packet in packets)
            {
                IReadOnlyList<WalkOutcome> outcomes = walker.Walk(Question(packet));
                forms.AddTaken(outcomes.SelectMany(static outcome => outcome.Trace).Select(static entry => entry.Rule));
                bool isSingle = outcomes.Select(ExpectedFate.Describe).Distinct(StringComparer.Ordinal).Count() == 1 && !outcomes[0].IsOpen;
                single += isSingle ? 1 : 0;
                if (!isSingle)
                {
                    string doubt = outcomes.SelectMany(outcome => outcome.Trace).FirstOrDefault(entry => entry.IsDoubtful)?.Rule ?? $"{outcomes.Count} by chance";
                    doubts[doubt] = doubts.GetValueOrDefault(doubt) + 1;
                }

                Fate fate = fates.GetValueOrDefault(packet.Number);
                if (!IsSaid(outcomes, packet, fate))
                {
                    // A busy machine may lose a packet or be late.
                    fate = Send(lab, [packet], s_longQuiet).GetValueOrDefault(packet.Number);
                }

                seen[fate.Kind] = seen.GetValueOrDefault(fate.Kind) + 1;

                // With less that is known more is possible, and what happens is still among it.
                IReadOnlyList<WalkOutcome> possible = walker.Walk(WithLess(Question(packet), random));
                if (!IsSaid(possible, packet, fate))
                {
                    differences.Add("without all facts: " + Describe(packet, fate, possible, text));
                }

                if (!IsSaid(outcomes, packet, fate))
                {
                    differences.Add(Describe(packet, fate, outcomes, text));
                }
            }
        }

        output.WriteLine($"{count} packets, {single} with one end, seed {seed}\n{forms}");
        differences.Should().BeEmpty("seed {0}", seed);
        ((double)single / count).Should().BeGreaterThanOrEqualTo(size >= LeastForForms ? LeastSingle : LeastSingleOfFew, "of {0} packets more than one end is possible:\n{1}", count - single, string.Join('\n', doubts.OrderByDescending(doubt => doubt.Value).Take(10).Select(doubt => $"{doubt.Value} x {doubt.Key}")));

        // Other seeds look for differences.
        if (size >= LeastForForms && seed == DefaultSeed)
        {
            forms.NotWritten.Concat(others.NotWritten).Should().BeEmpty("each form is among the rules");
            forms.NotTaken.Should().BeEmpty("a packet took a rule with each of these forms\n{0}", forms);
        }

        seen.Keys.Should().Contain([FateKind.Dropped, FateKind.Refused, FateKind.Reset, FateKind.ToNode, FateKind.ToWorld], "each kind of end must have been seen");
    }

    private static Dictionary<ushort, Fate> Send(RouterLab lab, List<ProbePacket> packets, TimeSpan quiet)
    {
        // Each packet is the first of a connection.
        lab.OnNode("", "conntrack", "-F");
        return lab.Send(packets, quiet);
    }

    private static bool IsSaid(IReadOnlyList<WalkOutcome> outcomes, ProbePacket packet, Fate fate) => outcomes.Any(outcome => outcome.IsOpen || ExpectedFate.Is(outcome, packet, fate));

    private static string Describe(ProbePacket packet, Fate fate, IReadOnlyList<WalkOutcome> outcomes, string text)
    {
        StringBuilder description = new();
        description.AppendLine($"{packet}").AppendLine($"kernel: {fate}");
        foreach (WalkOutcome outcome in outcomes)
        {
            description.AppendLine($"said: {ExpectedFate.Describe(outcome)}");
            foreach (WalkTraceEntry entry in outcome.Trace)
            {
                description.AppendLine($"    {entry.Hook} {entry.Table} {entry.Chain} {entry.Position}: {entry.Effect}: {entry.Rule}");
            }
        }

        return description.AppendLine(text).ToString();
    }

    private static ProbePacket RandomPacket(Random random, ushort number, IpFamily family)
    {
        bool isFromNode = random.Next(4) == 0;
        return new(
            number,
            isFromNode,
            random.Next(2) == 0 ? TransportProtocol.Tcp : TransportProtocol.Udp,
            isFromNode ? RouterLab.Outgoing(family) : LabFamily.Address(s_sources[random.Next(s_sources.Length)], family),
            LabFamily.Address(s_destinations[random.Next(s_destinations.Length)], family),
            (ushort)(random.Next(2) == 0 ? 1024 + (number % 20000) : 40000 + (number % 20000)),
            s_ports[random.Next(s_ports.Length)]);
    }

    private static WalkPacket WithLess(WalkPacket packet, Random random) => packet with
    {
        InputInterface = packet.InputInterface is null || random.Next(3) == 0 ? packet.InputInterface : WalkPacket.UnknownInterface,
        OutputInterface = random.Next(3) == 0 ? packet.OutputInterface : null,
        IsSourcePortOpen = random.Next(3) != 0,
    };

    private static WalkPacket Question(ProbePacket packet) => new(AddressRange.Of(packet.Source), packet.Destination, packet.Protocol, packet.DestinationPort)
    {
        SourcePort = packet.SourcePort,
        InputInterface = packet.IsFromNode ? null : RouterLab.ClientInterface,
        OutputInterface = RouterLab.WorldInterface,
    };
}

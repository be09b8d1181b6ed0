using System.Globalization;
using System.Text;
using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;
using Xunit.Abstractions;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Random ipsets of all types: what the kernel finds in a set is what explain says is in it.</summary>
/// <param name="output">Receives what could not be tested.</param>
[Trait("Category", "Netns")]
public sealed class RandomSetsTests(ITestOutputHelper output)
{
    private const int KeysOfEach = 40;
    private const int PacketsOfEach = 24;
    private const double LeastSingle = 0.85;
    private const string Set = "s";

    private static readonly string[] s_destinations = ["198.51.100.7", "198.51.100.8", "198.51.100.12", "192.0.2.50", "10.9.1.1", "10.9.2.1"];
    private static readonly string[] s_sources = ["203.0.113.9", "203.0.113.20", "203.0.113.130", "10.9.1.2"];
    private static readonly ushort[] s_ports = [80, 443, 8080, 53, 1234, 8050];
    private static readonly TimeSpan s_quiet = TimeSpan.FromMilliseconds(40);
    private static readonly TimeSpan s_longQuiet = TimeSpan.FromMilliseconds(300);

    /// <summary>What <c>ipset test</c> answers, of the script as it was typed and of what <c>ipset save</c> made of it.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void WhatIsInASetIsWhatTheKernelFinds(IpFamily family)
    {
        LabRequirements.RequireOrSkip();
        Random random = new(Seed);
        RandomSets sets = new(random, family);
        using LabNamespace node = LabNamespace.Create("sets");
        List<string> differences = [];
        Dictionary<string, (int In, int Out, int Open)> seen = new(StringComparer.Ordinal);
        foreach (string type in Supported(node, family, RandomSets.Decided))
        {
            for (int round = 0; round < Nightly.Size(12, 80); round++)
            {
                string typed = sets.Make(Set, type);
                node.RunWith(typed, "ipset", "restore", "-exist");
                string saved = node.Run("ipset", "save");
                string[] keys = [.. Enumerable.Range(0, KeysOfEach).Select(_ => sets.Key(type)).Distinct(StringComparer.Ordinal)];
                bool[] found = Ask(node, keys);
                node.Run("ipset", "destroy", Set);
                Ruleset[] rules = [.. new[] { typed, saved }.Select(text => Asking(text, type, family))];
                for (int index = 0; index < keys.Length; index++)
                {
                    (int inside, int outside, int open) = seen.GetValueOrDefault(type);
                    bool isOpen = false;
                    foreach (Ruleset asking in rules)
                    {
                        bool? said = Said(asking, keys[index], family);
                        isOpen |= said is null && asking == rules[^1];
                        if (said is { } sure && sure != found[index])
                        {
                            differences.Add($"{keys[index]}: kernel {found[index]}, said {sure}\n{typed}saved:\n{saved}");
                        }
                    }

                    seen[type] = (inside + (found[index] ? 1 : 0), outside + (found[index] ? 0 : 1), open + (isOpen ? 1 : 0));
                }
            }
        }

        differences.Take(2).Should().BeEmpty("seed {0}, {1} differences", Seed, differences.Count);
        foreach ((string type, (int inside, int outside, int open)) in seen)
        {
            inside.Should().BeGreaterThan(outside / 50, "of {0} some keys must be in a set", type);
            outside.Should().BeGreaterThan(inside / 50, "of {0} some keys must be in none", type);
            if (type is not ("hash:net,net" or "hash:net,port,net"))
            {
                open.Should().Be(0, "what ipset save prints of {0} is decided", type);
            }
        }
    }

    /// <summary>Sets whose types hold something else are read, and named as undecided.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void SetsOfOtherTypesAreOpen(IpFamily family)
    {
        LabRequirements.RequireOrSkip();
        RandomSets sets = new(new(Seed), family);
        using LabNamespace node = LabNamespace.Create("sets");
        foreach (string type in Supported(node, family, RandomSets.Undecided))
        {
            node.RunWith(sets.Make(Set, type), "ipset", "restore", "-exist");
            string saved = node.Run("ipset", "save");
            node.Run("ipset", "destroy", Set);

            Said(Asking(saved, type, family), "203.0.113.9", IpFamily.IPv4, isAny: family == IpFamily.IPv6).Should().BeNull("of {0} nothing is sure", type);
        }
    }

    /// <summary>Rules that ask for sets, in all ways: packets go where explain says.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void PacketsGoWhereTheSetsSay(IpFamily family)
    {
        LabRequirements.RequireOrSkip();
        Random random = new(Seed);
        string tool = family == IpFamily.IPv4 ? "iptables-nft" : "ip6tables-nft";
        using RouterLab lab = new(family);
        List<string> differences = [];
        int single = 0;
        int count = 0;
        int asked = 0;
        string[] types = [.. RandomSets.Decided.Where(type => RandomSets.IsOf(type, family) && lab.OnNode("", "sh", "-c", Probe(type, family)).Length == 0)];
        for (int round = 0; round < Nightly.Size(14, 120); round++)
        {
            RandomSets sets = new(random, family);
            string[] names = [.. types.Select((_, number) => $"t{number}")];
            string script = string.Concat(types.Select((type, number) => sets.Make(names[number], type))) + sets.MakeList("l", names);
            lab.OnNode("", "sh", "-c", $"{tool} -F; ipset flush; ipset destroy");
            lab.OnNode(script, "ipset", "restore", "-exist");
            string text = RandomRules(random, types, names);
            lab.OnNode(text, $"{tool}-restore");
            string contents = lab.OnNode("", "ipset", "save");
            string saved = lab.OnNode("", $"{tool}-save");
            PacketWalker walker = new(Read(random.Next(2) == 0 ? text : saved, contents, family), new NodeView(RouterLab.NodeAddresses));
            List<ProbePacket> packets = [.. Enumerable.Range(1, PacketsOfEach).Select(number => RandomPacket(random, (ushort)((round * PacketsOfEach) + number), family))];
            lab.OnNode("", "conntrack", "-F");
            Dictionary<ushort, Fate> fates = lab.Send(packets, s_quiet);
            foreach (ProbePacket packet in packets)
            {
                IReadOnlyList<WalkOutcome> outcomes = walker.Walk(Question(packet));
                count++;
                single += outcomes.Select(ExpectedFate.Describe).Distinct(StringComparer.Ordinal).Count() == 1 ? 1 : 0;
                asked += outcomes.Any(static outcome => outcome.Verdict != WalkVerdict.Accept) ? 1 : 0;
                Fate fate = fates.GetValueOrDefault(packet.Number);
                if (!outcomes.Any(outcome => ExpectedFate.Is(outcome, packet, fate)))
                {
                    // A busy machine may lose a packet or be late.
                    lab.OnNode("", "conntrack", "-F");
                    fate = lab.Send([packet], s_longQuiet).GetValueOrDefault(packet.Number);
                }

                if (!outcomes.Any(outcome => ExpectedFate.Is(outcome, packet, fate)))
                {
                    differences.Add($"{packet}\nkernel: {fate}\nsaid: {string.Join(", ", outcomes.Select(ExpectedFate.Describe))}\n{contents}{saved}");
                }
            }
        }

        differences.Take(2).Should().BeEmpty("seed {0}, {1} differences", Seed, differences.Count);
        ((double)single / count).Should().BeGreaterThanOrEqualTo(LeastSingle);
        asked.Should().BeGreaterThan(count / 10, "some packets must meet a rule that asks for a set");
    }

    private static int Seed => Environment.GetEnvironmentVariable("KPS_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : 20261129;

    /// <summary>The types that the kernel has; for others its reason is written down.</summary>
    private List<string> Supported(LabNamespace node, IpFamily family, string[] types)
    {
        List<string> supported = [];
        foreach (string type in types.Where(type => RandomSets.IsOf(type, family)))
        {
            string reason = node.Run("sh", "-c", Probe(type, family));
            if (reason.Length == 0)
            {
                supported.Add(type);
            }
            else
            {
                output.WriteLine($"{type}: not tested: {reason}");
            }
        }

        return supported;
    }

    private static string Probe(string type, IpFamily family)
    {
        string options = type.StartsWith("bitmap:ip", StringComparison.Ordinal) ? "range 10.0.0.0/24" : type == "bitmap:port" ? "range 0-9" : type == "hash:mac" || family == IpFamily.IPv4 ? "" : "family inet6";
        return $"ipset create probe {type} {options} 2>&1 && ipset destroy probe || true";
    }

    /// <summary>The answers of the kernel; ipset says others than "in" and "NOT in" only of keys that it does not understand.</summary>
    private static bool[] Ask(LabNamespace node, string[] keys)
    {
        string[] answers = [.. node.RunWith(string.Concat(keys.Select(static key => $"test {Set} {key}\n")), "sh", "-c", "ipset - 2>&1 || true").Split('\n').Where(static line => line.Contains(" set ", StringComparison.Ordinal))];
        answers.Should().HaveCount(keys.Length);
        return Array.ConvertAll(answers, static answer => answer.Contains("is in set", StringComparison.Ordinal) ? true : answer.Contains("is NOT in set", StringComparison.Ordinal) ? false : throw new InvalidOperationException(answer));
    }

    private static Ruleset Read(string rules, string contents, IpFamily family)
    {
        Ruleset read = new(family) { Sets = IpsetSaveReader.Read(contents).WithChanged(SetsInRules.Changed(Encoding.UTF8.GetBytes(rules))) };
        IptablesSaveReader.Read(rules, read);
        return read;
    }

    /// <summary>A rule that drops what is in the set: the first address is the source, if there is another.</summary>
    private static Ruleset Asking(string contents, string type, IpFamily family)
    {
        string fields = type switch
        {
            "hash:ip,port" or "hash:net,port" => "dst,dst",
            "hash:net,net" => "src,dst",
            "hash:ip,port,ip" or "hash:ip,port,net" or "hash:net,port,net" => "src,dst,dst",
            _ => type.Contains(',', StringComparison.Ordinal) ? "dst,dst" : "dst",
        };
        return Read($"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -m set --match-set {Set} {fields} -j DROP\nCOMMIT\n", contents, family);
    }

    /// <summary>Whether a key is said to be in the set; null if that is open.</summary>
    private static bool? Said(Ruleset rules, string key, IpFamily family, bool isAny = false)
    {
        string[] fields = key.Split(',');
        IpAddress[] addresses = [.. fields.Select(static field => IpAddress.TryParse(field, out IpAddress address) ? address : (IpAddress?)null).OfType<IpAddress>()];
        string port = Array.Find(fields, static field => field.StartsWith("tcp:", StringComparison.Ordinal) || field.StartsWith("udp:", StringComparison.Ordinal) || field.All(char.IsAsciiDigit)) ?? "tcp:9";
        TransportProtocol protocol = port.StartsWith("udp", StringComparison.Ordinal) ? TransportProtocol.Udp : TransportProtocol.Tcp;
        IpAddress other = LabFamily.Address("192.0.2.99", isAny ? IpFamily.IPv6 : family);
        WalkPacket packet = new(AddressRange.Of(addresses.Length > 1 ? addresses[0] : other), isAny || addresses.Length == 0 ? other : addresses[^1], protocol, ushort.Parse(port[(port.IndexOf(':', StringComparison.Ordinal) + 1)..], CultureInfo.InvariantCulture))
        {
            SourcePort = 40000,
            InputInterface = "eth0",
            OutputInterface = "eth1",
        };
        WalkVerdict[] verdicts = [.. new PacketWalker(rules, new NodeView([])).Walk(packet).Select(static outcome => outcome.Verdict).Distinct()];
        return verdicts.Length == 1 ? verdicts[0] == WalkVerdict.Drop : null;
    }

    private static string RandomRules(Random random, string[] types, string[] names)
    {
        StringBuilder text = new("*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n");
        for (int number = 0; number < 10; number++)
        {
            int chosen = random.Next(names.Length + 1);
            string set = chosen == names.Length ? "l" : names[chosen];
            int fields = chosen == names.Length ? random.Next(1, 4) : types[chosen].Split(',').Length + random.Next(2);
            string sides = string.Join(',', Enumerable.Range(0, fields).Select(_ => random.Next(2) == 0 ? "src" : "dst"));
            string options = (random.Next(4) == 0 ? " --return-nomatch" : "") + (random.Next(6) == 0 ? " ! --update-counters" : "") + (random.Next(6) == 0 ? " ! --update-subcounters" : "");
            string target = random.Next(12) == 0 && chosen < names.Length && types[chosen] == "hash:ip" ? $"SET --add-set {set} src --exist" : Pick(random, ["DROP", "ACCEPT", "REJECT", "RETURN", "DROP"]);

            // The ICMP error of a refusal goes through these chains too, and would be dropped by them.
            string chain = Pick(random, ["FORWARD", "FORWARD", "INPUT", "OUTPUT"]);
            string protocol = chain == "FORWARD" ? Pick(random, ["", "", " -p tcp", " -p udp"]) : Pick(random, [" -p tcp", " -p udp"]);
            text.Append(CultureInfo.InvariantCulture, $"-A {chain}{protocol} -m set{(random.Next(4) == 0 ? " !" : "")} --match-set {set} {sides}{options} -j {target}\n");
        }

        return text.Append("COMMIT\n").ToString();
    }

    private static string Pick(Random random, string[] of) => of[random.Next(of.Length)];

    private static ProbePacket RandomPacket(Random random, ushort number, IpFamily family)
    {
        bool isFromNode = random.Next(5) == 0;
        return new(
            number,
            isFromNode,
            random.Next(2) == 0 ? TransportProtocol.Tcp : TransportProtocol.Udp,
            isFromNode ? RouterLab.Outgoing(family) : LabFamily.Address(Pick(random, s_sources), family),
            LabFamily.Address(Pick(random, isFromNode ? s_destinations[..4] : s_destinations), family),
            (ushort)(random.Next(4) == 0 ? 8050 : 30000 + (number % 20000)),
            s_ports[random.Next(s_ports.Length)]);
    }

    private static WalkPacket Question(ProbePacket packet) => new(AddressRange.Of(packet.Source), packet.Destination, packet.Protocol, packet.DestinationPort)
    {
        SourcePort = packet.SourcePort,
        InputInterface = packet.IsFromNode ? null : RouterLab.ClientInterface,
        OutputInterface = RouterLab.WorldInterface,
    };
}

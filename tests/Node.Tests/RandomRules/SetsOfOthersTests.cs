using KubeProxySharp.Renderers.Iptables.Reading;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>Firewalls with ipsets, as fail2ban, block lists and network policies have them: the kernel takes each, and does what is said.</summary>
[Trait("Category", "Netns")]
public sealed class SetsOfOthersTests
{
    private static readonly string s_directory = RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "sets");

    public static TheoryData<string> Files => [.. Directory.GetFiles(s_directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void TheKernelDoesWhatIsSaid(string file)
    {
        LabRequirements.RequireOrSkip();
        string[] lines = [.. File.ReadLines(Path.Combine(s_directory, file)).Where(static line => !line.StartsWith("root@", StringComparison.Ordinal))];
        string sets = string.Join('\n', lines.Where(IsOfSet)) + "\n";
        string rules = string.Join('\n', lines.Where(static line => !IsOfSet(line))) + "\n";
        using RouterLab lab = new();
        lab.OnNode(sets, "ipset", "restore");
        lab.OnNode(rules, "iptables-nft-restore");
        Ruleset read = new(IpFamily.IPv4) { Sets = IpsetSaveReader.Read(sets) };
        IptablesSaveReader.Read(rules, read);
        PacketWalker walker = new(read, new NodeView(RouterLab.NodeAddresses));
        ushort number = 0;
        List<ProbePacket> packets =
        [
            .. from destination in (string[])["192.0.2.77", "192.0.2.78", "198.51.100.51", "192.0.2.200", "10.9.1.1"]
            from source in (string[])["203.0.113.9", "203.0.113.20", "203.0.113.130", "203.0.113.200", "10.9.1.2"]
            from port in (ushort[])[80, 81, 443, 8085]
            from protocol in (TransportProtocol[])[TransportProtocol.Tcp, TransportProtocol.Udp]
            select new ProbePacket(++number, IsFromNode: false, protocol, IpAddress.Parse(source), IpAddress.Parse(destination), (ushort)(30000 + number), port),
        ];

        Dictionary<ushort, Fate> fates = lab.Send(packets, TimeSpan.FromMilliseconds(300));

        HashSet<FateKind> kinds = [];
        foreach (ProbePacket packet in packets)
        {
            IReadOnlyList<WalkOutcome> outcomes = walker.Walk(new(AddressRange.Of(packet.Source), packet.Destination, packet.Protocol, packet.DestinationPort)
            {
                SourcePort = packet.SourcePort,
                InputInterface = RouterLab.ClientInterface,
                OutputInterface = RouterLab.WorldInterface,
            });
            Fate fate = fates.GetValueOrDefault(packet.Number);
            kinds.Add(fate.Kind);
            outcomes.Select(ExpectedFate.Describe).Distinct(StringComparer.Ordinal).Should().ContainSingle("{0}", packet);
            outcomes.Should().Contain(outcome => ExpectedFate.Is(outcome, packet, fate), "{0}: {1}", packet, fate);
        }

        kinds.Should().Contain([FateKind.Refused, FateKind.ToWorld]);
    }

    private static bool IsOfSet(string line) => line.StartsWith("create ", StringComparison.Ordinal) || line.StartsWith("add ", StringComparison.Ordinal);
}

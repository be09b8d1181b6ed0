using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Analysis.Sets;
using KubeProxySharp.RuleModel.Analysis.Walk;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.Testing;
using KubeProxySharp.Testing.Lab;

namespace KubeProxySharp.Node.Tests.RandomRules;

/// <summary>The rules from public reports that explain is tested with: the kernel takes each file, and does what is said.</summary>
[Trait("Category", "Netns")]
public sealed class RulesOfOthersTests
{
    private static readonly string s_directory = RepositoryRoot.Combine("tests", "Proxy.Tests", "Commands", "Explain", "rules");

    public static TheoryData<string> Files => [.. Directory.GetFiles(s_directory).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [SkippableTheory]
    [MemberData(nameof(Files))]
    public void TheKernelDoesWhatIsSaid(string file)
    {
        LabRequirements.RequireOrSkip();
        string text = File.ReadAllText(Path.Combine(s_directory, file));
        using RouterLab lab = new();
        bool isNft = file.EndsWith(".nft", StringComparison.Ordinal);
        _ = isNft ? lab.OnNode(text, "nft", "-f", "-") : lab.OnNode(text, "iptables-nft-restore");
        Ruleset rules = isNft ? Rulesets.NftablesText(text, IpFamily.IPv4) : Rulesets.Iptables(text, IpFamily.IPv4);
        PacketWalker walker = new(rules, new NodeView(RouterLab.NodeAddresses));
        ushort number = 0;
        List<ProbePacket> packets =
        [
            .. from destination in (string[])["192.0.2.77", "192.0.2.78", "198.51.100.51", "172.20.9.9", "10.9.1.1"]
            from source in (string[])["203.0.113.9", "203.0.113.200", "10.9.1.2"]
            from port in (ushort[])[80, 81, 443, 8085]
            select new ProbePacket(++number, IsFromNode: false, TransportProtocol.Tcp, IpAddress.Parse(source), IpAddress.Parse(destination), (ushort)(30000 + number), port),
        ];

        Dictionary<ushort, Fate> fates = lab.Send(packets, TimeSpan.FromMilliseconds(300));

        foreach (ProbePacket packet in packets)
        {
            IReadOnlyList<WalkOutcome> outcomes = walker.Walk(new(AddressRange.Of(packet.Source), packet.Destination, packet.Protocol, packet.DestinationPort)
            {
                SourcePort = packet.SourcePort,
                InputInterface = RouterLab.ClientInterface,
                OutputInterface = RouterLab.WorldInterface,
            });
            Fate fate = fates.GetValueOrDefault(packet.Number);
            outcomes.Should().Contain(outcome => ExpectedFate.Is(outcome, packet, fate), "{0}: {1}", packet, fate);
        }
    }
}

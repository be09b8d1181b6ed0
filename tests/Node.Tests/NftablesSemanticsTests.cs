using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>Our nftables rules, as the kernel has them, do what the recorded rules of kube-proxy's nftables mode do.</summary>
[Trait("Category", "Netns")]
public sealed class NftablesSemanticsTests
{
    public static TheoryData<string, IpFamily> Recordings()
    {
        TheoryData<string, IpFamily> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            recordings.Add(name, IpFamily.IPv4);
            recordings.Add(name, IpFamily.IPv6);
        }

        return recordings;
    }

    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void OurRulesDoWhatTheRecordedOnesDo(string name, IpFamily family)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        RuleModelSnapshot model = ModelLoader.ReadCase(directory, "nftables");
        string listing = "";
        NetworkNamespace.RunOrSkip(
            () =>
            {
                ArrayBufferWriter<byte> script = new();
                NftablesRenderer.WriteFull(model[family], NftablesOptions.Default, script);
                ChildProcess.Run("nft", Encoding.UTF8.GetString(script.WrittenSpan), "-f", "-");
                listing = ChildProcess.Run("nft", "", "-j", "list", "ruleset");
            },
            "nft");
        Ruleset recorded = Rulesets.Nftables(File.ReadAllText(Path.Combine(directory, "nftables", "nft.json")), family);

        (IReadOnlyList<string> ours, IReadOnlyList<string> theirs) = Rulesets.DescribeBoth(Rulesets.Nftables(listing, family), recorded, node.Addresses);

        ours.Should().NotContain(line => line.EndsWith("uncertain"));
        if (node.Features.Contains("nftables-sync-fails") && family == IpFamily.IPv4)
        {
            // kube-proxy could not load its own rules here; docs/differences.md says what we do better.
            theirs.Should().BeEmpty();
            ours.Should().Contain(line => line.Contains("rejected"));
            return;
        }

        ours.SequenceEqual(theirs).Should().BeTrue(TextDiff.Describe(theirs, ours));
    }
}

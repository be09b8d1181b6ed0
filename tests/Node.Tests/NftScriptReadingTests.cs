using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>
/// The script that this program writes, read without a kernel, does what the table does that the kernel makes of it; and
/// nft's listing of that is read alike as text and as JSON.
/// </summary>
[Trait("Category", "Netns")]
public sealed class NftScriptReadingTests
{
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void ScriptsOfAllRecordedCasesAreReadAsTheKernelReadsThem(IpFamily family)
    {
        foreach (string name in RecordedCases.Cases)
        {
            string directory = RecordedCases.CaseDirectory(name);
            RecordedNode node = RecordedNode.Read(directory);
            RuleModelSnapshot model = ModelLoader.ReadCase(directory, "nftables");

            Check(name, Script(model[family]), family, node.Addresses);
        }
    }

    [SkippableTheory]
    [InlineData(71)]
    [InlineData(72)]
    [InlineData(73)]
    [InlineData(74)]
    public void ScriptsOfRandomClustersAreReadAsTheKernelReadsThem(int seed)
    {
        RandomCluster cluster = new(seed);
        for (int change = 0; change < 60; change++)
        {
            cluster.Change();
        }

        ClusterState state = new(allowExternalIPs: true);
        foreach (RuleModel.Inputs.Service service in cluster.Services)
        {
            state.Set(service, []);
        }

        foreach (RuleModel.Inputs.EndpointSlice slice in cluster.Slices)
        {
            state.Set(slice);
        }

        RuleModelSnapshot model = RuleModelBuilder.Build(state, Nodes.IPv4, Nodes.IPv6);
        foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
        {
            Check($"seed {seed}", Script(model[family]), family, [IpAddress.Parse("192.0.2.10"), IpAddress.Parse("2001:db8::10")]);
        }
    }

    private static void Check(string name, string script, IpFamily family, IReadOnlyCollection<IpAddress> nodeAddresses)
    {
        string json = "";
        string text = "";
        NetworkNamespace.RunOrSkip(
            () =>
            {
                ChildProcess.Run("nft", script, "-f", "-");
                json = ChildProcess.Run("nft", "", "-j", "list", "ruleset");
                text = ChildProcess.Run("nft", "", "list", "ruleset");
            },
            "nft");
        Ruleset listed = Rulesets.Nftables(json, family);

        IReadOnlyList<string> fromJson = RuleLines.Of(listed);
        IReadOnlyList<string> fromText = RuleLines.Of(Rulesets.NftablesText(text, family));
        fromText.SequenceEqual(fromJson).Should().BeTrue($"{name}, {family}: {TextDiff.Describe(fromJson, fromText)}");
        (IReadOnlyList<string> read, IReadOnlyList<string> loaded) = Rulesets.DescribeBoth(Rulesets.NftablesText(script, family), listed, nodeAddresses);
        read.Should().NotContain(line => line.EndsWith("uncertain"));
        read.SequenceEqual(loaded).Should().BeTrue($"{name}, {family}: {TextDiff.Describe(loaded, read)}");
    }

    private static string Script(FamilyRules rules)
    {
        ArrayBufferWriter<byte> script = new();
        NftablesRenderer.WriteFull(rules, NftablesOptions.Default, script);
        return Encoding.UTF8.GetString(script.WrittenSpan);
    }
}

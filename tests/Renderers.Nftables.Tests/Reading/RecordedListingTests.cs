using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>kube-proxy's tables as nft lists them, as text and as JSON: both must be read alike.</summary>
public sealed class RecordedListingTests
{
    public static TheoryData<string> Cases => [.. RecordedCases.Cases];

    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(Cases))]
    public void TextAndJsonAreReadAlike(string name)
    {
        string directory = RecordedCases.CaseDirectory(name);
        foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
        {
            Ruleset json = Rulesets.Nftables(File.ReadAllText(Path.Combine(directory, "nftables", "nft.json")), family);
            Ruleset text = Rulesets.NftablesText(File.ReadAllText(Path.Combine(directory, "nftables", "nft.txt")), family);

            RuleLines.Of(text).Should().Equal(RuleLines.Of(json));
            Rulesets.Describe(text, RecordedNode.Read(directory).Addresses).Should().Equal(Rulesets.Describe(json, RecordedNode.Read(directory).Addresses));
        }
    }
}

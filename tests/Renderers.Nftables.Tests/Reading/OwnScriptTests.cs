using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Nftables.Tests.Reading;

/// <summary>The scripts that this program writes.</summary>
public sealed class OwnScriptTests
{
    public static TheoryData<string> Cases => [.. Directory.GetFiles(Path.Combine(RepositoryRoot.Path, "tests", "golden", "own"), "nftables.golden", SearchOption.AllDirectories)
        .Select(path => Path.GetFileName(Path.GetDirectoryName(path)!))]; // a file is in a directory

    [Theory]
    [MemberData(nameof(Cases))]
    public void EveryRuleIsUnderstood(string name)
    {
        string text = File.ReadAllText(Path.Combine(RepositoryRoot.Path, "tests", "golden", "own", name, "nftables.golden"));
        foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
        {
            WalkTable table = Rulesets.NftablesText(text, family).Tables.Should().ContainSingle().Which;
            RuleStep[] steps = [.. table.Chains.Values.SelectMany(chain => chain.Rules).SelectMany(rule => rule.Steps.AsSpan().ToArray())];

            table.Name.Should().Be("kube-proxy");
            steps.Should().HaveCountGreaterThan(15);
            steps.Should().NotContain(step => step is RuleStep.UnknownMatch || step is RuleStep.UnknownStatement);
        }
    }
}

using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>The objects of every recorded case, served by an API server, become the rules of the dry run: iptables mode.</summary>
[Trait("Category", "Netns")]
public sealed class RecordedCasesIptablesTests
{
    public static TheoryData<string> Groups() => RecordedGroup.Names();

    [SkippableTheory]
    [MemberData(nameof(Groups))]
    public Task TheKernelHasTheRulesOfTheDryRun(string group) => RecordedCaseWalk.RunAsync(group, ProxyMode.Iptables, IptablesVariants.Nft);

    /// <summary>A sample: the tools differ, the agent does the same.</summary>
    [SkippableTheory]
    [InlineData("dual-stack")]
    [InlineData("random-103")]
    [InlineData("detect-bridge")]
    public Task TheLegacyVariantHasThemToo(string group) => RecordedCaseWalk.RunAsync(group, ProxyMode.Iptables, IptablesVariants.Legacy);
}

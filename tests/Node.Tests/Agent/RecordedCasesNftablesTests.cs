using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.Proxy.Configuration.Flags;

namespace KubeProxySharp.Node.Tests.Agent;

/// <summary>The objects of every recorded case, served by an API server, become the rules of the dry run: nftables mode.</summary>
[Trait("Category", "Netns")]
public sealed class RecordedCasesNftablesTests
{
    public static TheoryData<string> Groups() => RecordedGroup.Names();

    [SkippableTheory]
    [MemberData(nameof(Groups))]
    public Task TheKernelHasTheRulesOfTheDryRun(string group) => RecordedCaseWalk.RunAsync(group, ProxyMode.Nftables, IptablesVariants.Nft);
}

using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Output;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Inputs;

/// <summary>What a file of saved rules holds shows by its beginning.</summary>
public sealed class RuleSourceTests
{
    private static readonly IpFamily[] s_both = [IpFamily.IPv4, IpFamily.IPv6];

    [Theory]
    [InlineData("iptables/iptables-save.txt", "IPv4")]
    [InlineData("iptables/ip6tables-save.txt", "IPv6")]
    [InlineData("nftables/nft.json", "IPv4 IPv6")]
    [InlineData("nftables/nft.txt", "IPv4 IPv6")]
    public void DumpsOfAllKindsAreTold(string file, string families)
    {
        IReadOnlyList<Ruleset> read = RuleSource.ReadFiles([Path.Combine(RecordedCases.CaseDirectory("dual-stack"), file)], s_both);

        string.Join(' ', read.Select(rules => rules.Family)).Should().Be(families);
        read.Should().AllSatisfy(rules => rules.Tables.SelectMany(table => table.Chains.Values).SelectMany(chain => chain.Rules).Should().HaveCountGreaterThan(20));
    }

    [Theory]
    [InlineData("\n# a remark\n# another\ntable ip t {\n\tchain c {\n\t\taccept\n\t}\n}\n")]
    [InlineData("add table ip t\nadd chain ip t c\nadd rule ip t c accept\n")]
    [InlineData("flush ruleset\ntable ip t {\n\tchain c {\n\t\taccept\n\t}\n}\n")]
    [InlineData("{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"t\"}}, {\"chain\": {\"family\": \"ip\", \"table\": \"t\", \"name\": \"c\"}}, {\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"expr\": [{\"accept\": null}]}}]}")]
    [InlineData("# a remark\n*t\n:c - [0:0]\n-A c -j ACCEPT\nCOMMIT\n")]
    public void RemarksBeforeDoNotMatter(string text)
    {
        WalkTable table = Read(text)[0].Tables.Should().ContainSingle().Which;

        table.Name.Should().Be("t");
        table.Chains["c"].Rules.Should().ContainSingle().Which.Steps[0].Should().Be(new RuleStep.Verdict(WalkVerdict.Accept));
    }

    [Theory]
    [InlineData("hello\n", "line 1: \"hello\" is outside a table")]
    [InlineData("table ip t {\n", "line 2: a block is not closed")]
    [InlineData("{\n", "line 2: ")]
    public void ErrorsNameTheFileAndWhatMayBeGiven(string text, string reason)
    {
        string message = FluentActions.Invoking(() => Read(text)).Should().Throw<InputException>().Which.Message;

        message.Should().Contain(": " + reason).And.Contain("iptables-save, ip6tables-save, \"nft list ruleset\" or \"nft -j list ruleset\"");
    }

    private static IReadOnlyList<Ruleset> Read(string text)
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, text);
            return RuleSource.ReadFiles([path], s_both);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.Proxy.Commands.Verify;
using KubeProxySharp.Proxy.Configuration;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Verify;

/// <summary>Rules of kube-proxy itself, of both modes, against the model: nothing to find until something is damaged.</summary>
public sealed class RuleComparisonTests
{
    public static TheoryData<string, string> Recordings()
    {
        TheoryData<string, string> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            recordings.Add(name, ProxyMode.Iptables);
            recordings.Add(name, ProxyMode.Nftables);
        }

        return recordings;
    }

    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(Recordings))]
    public void RecordedRulesAreAsTheyShouldBe(string name, string mode)
    {
        RecordedNode node = RecordedNode.Read(RecordedCases.CaseDirectory(name));
        if (mode == ProxyMode.Nftables && node.Features.Contains("nftables-sync-fails"))
        {
            // kube-proxy could not load its own rules.
            return;
        }

        RuleFindings findings = Compare(name, mode, static text => text);

        findings.Compared.Should().BePositive();
        findings.Differences.Should().BeEmpty();
    }

    [Theory]
    [InlineData("--to-destination 192.168.103.142:443", "--to-destination 192.168.103.142:444", "changed")]
    [InlineData("-A KUBE-SERVICES -d 10.33.151.160/32", "-A KUBE-SERVICES -d 10.33.151.161/32", "missing foreign")]
    [InlineData("-A PREROUTING", "-A OUTPUT -o eth9 -j ACCEPT\n-A PREROUTING", "")]
    [InlineData("-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES", "", "changed")]
    public void DamageIsFoundAndOthersRulesAreNot(string rule, string damaged, string kinds)
    {
        RuleFindings findings = Compare("field-ingress-nginx-local", ProxyMode.Iptables, text => text.Contains(rule) ? text.Replace(rule, damaged) : throw new InvalidOperationException(text));

        findings.Differences.Select(difference => difference.Kind).Distinct().Should().BeEquivalentTo(kinds.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    private static RuleFindings Compare(string name, string mode, Func<string, string> damage)
    {
        string directory = RecordedCases.CaseDirectory(name);
        RecordedNode node = RecordedNode.Read(directory);
        string path = Path.GetTempFileName();
        string recorded = Path.Combine(directory, mode == ProxyMode.Nftables ? "nftables/nft.json" : "iptables/iptables-save.txt");
        File.WriteAllText(path, damage(File.ReadAllText(recorded)));
        RuleFindings findings = new();
        RuleComparison comparison = new(ModelLoader.ReadCase(directory, mode), mode, node.Addresses);
        foreach (RuleModel.Analysis.Rules.Ruleset rules in new SavedRuleReader([IpFamily.IPv4, IpFamily.IPv6], static () => Stream.Null).Read([new(path)]).Families)
        {
            comparison.Compare(rules, findings, CancellationToken.None);
        }

        File.Delete(path);
        return findings;
    }
}

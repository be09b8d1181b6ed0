using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Inputs;

/// <summary>Rules name their Services, and nothing else is taken for a name.</summary>
public sealed class ServiceInRulesTests
{
    [Theory]
    [InlineData("shop/web", "shop/web")]
    [InlineData("shop/web:http cluster IP", "shop/web:http")]
    [InlineData("shop/web:http -> 10.244.1.5:8080", "shop/web:http")]
    [InlineData("shop/web:http has no local endpoints", "shop/web:http")]
    [InlineData("shop/web:http traffic not accepted by KUBE-FW-OHDOKUCU43YFGJC2", "shop/web:http")]
    [InlineData("masquerade traffic for shop/web:http external destinations", "shop/web:http")]
    [InlineData("other traffic to shop/web:http will be dropped by KUBE-PROXY-FIREWALL", "shop/web:http")]
    [InlineData("kubernetes service portals", "")]
    [InlineData("kubernetes service nodeports; NOTE: this must be the last rule in this chain", "")]
    [InlineData("see https://example.com/a", "")]
    [InlineData("", "")]
    public void CommentsNameThem(string comment, string name) => ServiceInRules.OfComment(comment).Should().Be(name);

    [Theory]
    [InlineData("service-PFISGYVC-shop/web/tcp/http", "shop/web:http")]
    [InlineData("external-PFISGYVC-shop/web/udp/", "shop/web")]
    [InlineData("endpoint-KJBNWEXB-shop/web/tcp/http__10.0.0.1/80", "shop/web:http")]
    [InlineData("services", "")]
    [InlineData("cluster-3", "")]
    public void ChainsNameThem(string chain, string name) => ServiceInRules.OfChain(chain).Should().Be(name);

    /// <summary>Every rule that kube-proxy wrote for a Service names one that there is.</summary>
    [Fact]
    public void RecordedRulesNameServicesThatThereAre()
    {
        string directory = RecordedCases.CaseDirectory("mix-50-services");
        string objects = File.ReadAllText(Path.Combine(directory, "objects.json"));
        HashSet<string> names = [];
        foreach (string file in (string[])["iptables/iptables-save.txt", "nftables/nft.json"])
        {
            foreach (WalkChain chain in new SavedRuleReader([RuleModel.Addresses.IpFamily.IPv4], static () => Stream.Null).Read([new(Path.Combine(directory, file))]).Families.SelectMany(rules => rules.Tables).SelectMany(table => table.Chains.Values))
            {
                names.Add(ServiceInRules.OfChain(chain.Name));
                names.UnionWith(chain.Rules.Select(rule => ServiceInRules.OfComment(rule.Comment)));
            }
        }

        names.Remove("");
        names.Should().HaveCountGreaterThan(30);
        names.Select(name => name.Split('/')[1].Split(':')[0]).Should().OnlyContain(name => objects.Contains($"\"name\": \"{name}\""));
    }
}

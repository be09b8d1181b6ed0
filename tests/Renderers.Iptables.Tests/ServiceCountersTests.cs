using System.Text;
using System.Text.RegularExpressions;
using KubeProxySharp.Renderers.Iptables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Renderers.Iptables.Tests;

/// <summary>Rules with counters of connections are the same rules, and their counters are those that are made for them.</summary>
public sealed partial class ServiceCountersTests
{
    private static readonly IptablesOptions s_counting = new() { HasServiceCounters = true };

    [Fact]
    public void RulesReferToTheCountersThatAreMadeForThem()
    {
        Service restricted = Samples.LoadBalancer with { LoadBalancerSourceRanges = ["192.0.3.0/24"] };
        FamilyRules[] all = [Samples.Model([restricted], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4, .. Enumerable.Range(0, 50).Select(Random).SelectMany(static model => new[] { model.IPv4, model.IPv6 })];
        HashSet<CounterKind> seen = [];
        foreach (FamilyRules rules in all)
        {
            string[] expected =
            [
                .. from service in rules.Services.Values
                   from port in service.Ports.AsSpan().ToArray()
                   from kind in CounterName.Kinds.ToArray()
                   where ServiceCounters.Has(port, kind)
                   select new CounterName(rules.Family, kind, ChainHash.Of(port.Name)).ToString(),
            ];

            string[] actual = [.. Counter().Matches(Render.Listing(rules, s_counting)).Select(match => match.Groups["name"].Value).Distinct()];

            actual.Should().BeEquivalentTo(expected);
            seen.UnionWith(actual.Select(static name => Parse(name).Kind));
        }

        seen.Order().Should().Equal(CounterName.Kinds.ToArray().Order(), "there are counters of all kinds");
    }

    [Theory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void WithoutTheirCountersTheRulesAreTheUsualOnes(IpFamily family)
    {
        for (int seed = 0; seed < 50; seed++)
        {
            FamilyRules rules = Random(seed)[family];
            string without = CountingRule().Replace(Render.Listing(rules, s_counting), "");

            Counter().Replace(without, "").Should().Be(Render.Listing(rules));
        }
    }

    /// <summary>The counter is the first rule of its chain: a packet leaves the chain at the first endpoint that it is sent to.</summary>
    [Fact]
    public void EachChainOfEndpointsBeginsWithItsCounter()
    {
        FamilyRules rules = Samples.Model([Samples.Service with { SessionAffinity = "ClientIP" }], [Samples.Slice(Samples.Endpoint("10.244.0.1"))]).IPv4;

        string first = Render.Listing(rules, s_counting).Split('\n').First(static line => line.StartsWith("-A KUBE-SVC-", StringComparison.Ordinal));

        CountingRule().IsMatch(first + "\n").Should().BeTrue(first);
    }

    [Fact]
    public void NamesAreReadBackAndFitTheKernel()
    {
        ChainHash hash = ChainHash.Of(new ServicePortName(new("shop", "web"), "http", TransportProtocol.Tcp));
        foreach (IpFamily family in Enum.GetValues<IpFamily>())
        {
            foreach (CounterKind kind in CounterName.Kinds)
            {
                CounterName name = new(family, kind, hash);

                Parse(name.ToString()).Should().Be(name);
                name.ToString().Length.Should().Be(CounterName.TextLength).And.BeLessThan(32);
            }
        }

        CounterName.Kinds.ToArray().Should().BeEquivalentTo(Enum.GetValues<CounterKind>());
    }

    [Theory]
    [InlineData("")]
    [InlineData("ct_state_invalid_dropped_pkts")]
    [InlineData("NPX46M4PTMTKRN6Y-KPS4-SVX")]
    [InlineData("NPX46M4PTMTKRN6Y-KPS5-SVC")]
    [InlineData("npx46m4ptmtkrn6y-KPS4-SVC")]
    [InlineData("NPX46M4PTMTKRN6Y-KPS4-SVC2")]
    public void OtherNamesAreNotOurs(string text) => CounterName.TryParse(Encoding.UTF8.GetBytes(text), out _).Should().BeFalse();

    private static CounterName Parse(string text)
    {
        CounterName.TryParse(Encoding.UTF8.GetBytes(text), out CounterName name).Should().BeTrue(text);
        return name;
    }

    private static RuleModelSnapshot Random(int seed)
    {
        RandomCluster cluster = new(seed);
        for (int change = 0; change < 60; change++)
        {
            cluster.Change();
        }

        return Samples.Model(cluster.Services, cluster.Slices);
    }

    [GeneratedRegex(" -m nfacct --nfacct-name  (?<name>[A-Z2-7]{16}-KPS[46]-[A-Z]{3})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Counter();

    [GeneratedRegex("-A KUBE-SV[CL]-[A-Z2-7]{16}( -m comment --comment \"[^\"]*\")? -m nfacct --nfacct-name  [A-Z2-7]{16}-KPS[46]-SV[CL]\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex CountingRule();
}

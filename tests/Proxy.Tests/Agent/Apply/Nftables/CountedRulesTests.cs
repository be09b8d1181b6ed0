using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Agent.Apply.Nftables;

public sealed class CountedRulesTests
{
    /// <summary>Until counters of frontends that changed their Service are gone, a reading has to know whose they were.</summary>
    [Fact]
    public void EarlierRulesAreKnownUntilTheirCountersAreGone()
    {
        FamilyRules[] rules = [.. Enumerable.Range(0, 4).Select(static number => Samples.Model([Samples.Service with { Name = new("shop", FormattableString.Invariant($"s{number}")) }], []).IPv4)];
        CountedRules counted = new();
        counted.Begin(rules[0]);
        counted.Written(rules[0], isClean: true);

        counted.Begin(rules[1]);
        counted.Written(rules[1], isClean: false);
        counted.Now.Should().Be(new CountedRules.Snapshot(rules[1], null, rules[0]));

        counted.Begin(rules[2]);
        counted.Refused();
        counted.Begin(rules[2]);
        counted.Written(rules[2], isClean: false);
        counted.Now.Should().Be(new CountedRules.Snapshot(rules[2], null, rules[0]));

        counted.Begin(rules[3]);
        counted.Written(rules[3], isClean: true);
        counted.Now.Should().Be(new CountedRules.Snapshot(rules[3], null, null));
    }
}

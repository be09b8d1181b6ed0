using System.Globalization;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Agent.Apply;
using KubeProxySharp.Proxy.Agent.Apply.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests.Drift;

/// <summary>Damage to the rules of iptables is mended by a transaction that writes what differs.</summary>
public sealed class IptablesRepairTests
{
    private static readonly string[] s_damage = ["flush", "rule", "chain", "foreign rule", "foreign chain", "jump", "canary"];

    public static TheoryData<string, IpFamily, string> Damage()
    {
        TheoryData<string, IpFamily, string> cases = [];
        foreach (string variant in (string[])["nft", "legacy"])
        {
            foreach (string damage in s_damage)
            {
                cases.Add(variant, IpFamily.IPv4, damage);
            }

            cases.Add(variant, IpFamily.IPv6, "flush");
            cases.Add(variant, IpFamily.IPv6, "chain");
        }

        return cases;
    }

    [SkippableTheory]
    [MemberData(nameof(Damage))]
    public async Task DamageIsMendedInPart(string variant, IpFamily family, string damage)
    {
        FamilyRules rules = Rules(family);
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(family, variant);
        (await applier.ApplyFullAsync(rules, default)).Error.Should().BeEmpty();
        int allRules = applier.Figures!.Written!.Value.NatPorts;
        int total = applier.Figures.NatTotal;
        string[] before = node.Save(family, variant);

        DoDamage(node, TestNode.Tools(family, variant), damage);
        ApplyResult? result = await applier.RepairAsync(rules, default);

        result.Should().Be(ApplyResult.Applied);
        node.Save(family, variant).Should().Equal(before);
        (await applier.LookAsync(default)).Should().Be(Integrity.Intact);
        applier.Figures!.Written!.Value.NatPorts.Should().BeLessThan(allRules / 2);
        applier.Figures.NatTotal.Should().Be(total);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public async Task WhereMostIsMissingEverythingIsToBeWritten(string variant)
    {
        FamilyRules rules = Rules(IpFamily.IPv4);
        using TestNode node = CreateOrSkip(variant);
        IptablesApplier applier = node.Iptables(IpFamily.IPv4, variant);
        (await applier.ApplyFullAsync(rules, default)).Error.Should().BeEmpty();
        string[] before = node.Save(IpFamily.IPv4, variant);

        node.Run("iptables-" + variant, "", "-t", "nat", "-F");
        (await applier.RepairAsync(rules, default)).Should().BeNull();
        (await applier.ApplyFullAsync(rules, default)).Error.Should().BeEmpty();

        node.Save(IpFamily.IPv4, variant).Should().BeEquivalentTo(before);
    }

    private static TestNode CreateOrSkip(string variant) => TestNode.CreateOrSkip("iptables-" + variant);

    private static FamilyRules Rules(IpFamily family) =>
        ModelLoader.ReadCase(RecordedCases.CaseDirectory("random-101"), "iptables")[family];

    private static void DoDamage(TestNode node, IptablesTools tools, string damage)
    {
        string chain = node.Run(tools.Save, "", "-t", "nat").Split('\n').First(static line => line.StartsWith("-A KUBE-SVC-", StringComparison.Ordinal)).Split(' ')[1];
        switch (damage)
        {
            case "flush":
                Nat("-F", "KUBE-SERVICES");
                break;
            case "rule":
                Nat("-D", chain, "1");
                break;
            case "chain":
                DeleteJumpsTo(chain);
                Nat("-F", chain);
                Nat("-X", chain);
                break;
            case "foreign rule":
                Nat("-I", chain, "-j", "RETURN");
                break;
            case "foreign chain":
                Nat("-N", "KUBE-SVC-ABCDEFGHIJKLMNOP");
                Nat("-A", "KUBE-SVC-ABCDEFGHIJKLMNOP", "-j", "RETURN");
                break;
            case "jump":
                Nat("-D", "OUTPUT", "1");
                break;
            default:
                Nat("-X", "KUBE-PROXY-CANARY");
                break;
        }

        void Nat(params string[] arguments) => node.Run(tools.Command, "", ["-t", "nat", .. arguments]);

        void DeleteJumpsTo(string target)
        {
            string[] jumps = [.. node.Run(tools.Save, "", "-t", "nat").Split('\n').Where(line => line.StartsWith("-A ", StringComparison.Ordinal) && line.EndsWith(" " + target, StringComparison.Ordinal))];
            node.Run(tools.Restore, string.Create(CultureInfo.InvariantCulture, $"*nat\n{string.Concat(jumps.Select(static line => "-D" + line[2..] + "\n"))}COMMIT\n"), "--noflush");
        }
    }
}

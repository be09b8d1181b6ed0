using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>The nftables transactions against the real nft and the real kernel.</summary>
[Trait("Category", "Netns")]
public sealed class NftablesTests
{
    public static TheoryData<string, IpFamily> Recordings()
    {
        TheoryData<string, IpFamily> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            recordings.Add(name, IpFamily.IPv4);
            recordings.Add(name, IpFamily.IPv6);
        }

        return recordings;
    }

    /// <summary>Also the case that kube-proxy itself cannot load (long-names-no-endpoints).</summary>
    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void RecordedCasesLoadAndListBack(string name, IpFamily family)
    {
        RuleModelSnapshot model = ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), "nftables");
        NetworkNamespace.RunOrSkip(
            () =>
            {
                Load(Full(model[family]));
                IReadOnlyList<string> loaded = NftTable.List(NftNames.FamilyName(family));
                string listed = ChildProcess.Run("nft", "", "list", "table", NftNames.FamilyName(family), "kube-proxy");

                Load($"delete table {NftNames.FamilyName(family)} kube-proxy\n{listed}");

                loaded.Should().NotBeEmpty();
                NftTable.List(NftNames.FamilyName(family)).Should().Equal(loaded);
            },
            "nft");
    }

    /// <summary>Each change is applied as an update; the table is then that of a full load, and in the end it is empty.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4, 1)]
    [InlineData(IpFamily.IPv4, 2)]
    [InlineData(IpFamily.IPv4, 3)]
    [InlineData(IpFamily.IPv6, 4)]
    [InlineData(IpFamily.IPv6, 5)]
    public void UpdatesEndInTheTableOfAFullLoad(IpFamily family, int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        NetworkNamespace.RunOrSkip(
            () =>
            {
                Load(Full(builder.Current[family]));
                IReadOnlyList<string> empty = NftTable.List(NftNames.FamilyName(family));
                for (int step = 1; step <= 60; step++)
                {
                    cluster.ApplyChanges(state, 1 + (step % 4));

                    Update(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family]);
                    if (step % 6 == 0)
                    {
                        AssertEqualsFullLoad(builder.Current[family]);
                    }
                }

                foreach (Service service in cluster.Services)
                {
                    state.RemoveService(service.Name);
                }

                Update(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family]);
                NftTable.List(NftNames.FamilyName(family)).Should().Equal(empty);
            },
            "nft");
    }

    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void ChangedSettingsAreUpdatedToo(IpFamily family)
    {
        RandomCluster cluster = new(9);
        ClusterState state = new(allowExternalIPs: true);
        for (int step = 0; step < 30; step++)
        {
            cluster.ApplyChange(state);
        }

        NodeSettings[] several =
        [
            Nodes.Resolve(family, Nodes.Proxy with { NodePortAddresses = ["primary"] }),
            Nodes.Resolve(family, Nodes.Proxy with { NodePortAddresses = ["192.0.2.0/24", "127.0.0.0/8", "2001:db8::/32"] }) with { ServiceCidrs = family == IpFamily.IPv4 ? [IpPrefix.Parse("10.96.0.0/12")] : [IpPrefix.Parse("fd00:96::/112"), IpPrefix.Parse("fd00:97::/112")] },
            Nodes.Resolve(family, Nodes.Proxy),
            Nodes.Resolve(family, Nodes.Proxy with { MasqueradeAll = true }) with { Zone = "zone-b" },
        ];
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        NetworkNamespace.RunOrSkip(
            () =>
            {
                Load(Full(builder.Current[family]));
                foreach (NodeSettings settings in several)
                {
                    NodeSettings ipv4 = family == IpFamily.IPv4 ? settings : Nodes.IPv4;
                    NodeSettings ipv6 = family == IpFamily.IPv6 ? settings : Nodes.IPv6;
                    Update(builder.Update(state.TakeChanges(), ipv4, ipv6)[family]);
                    AssertEqualsFullLoad(builder.Current[family]);
                }
            },
            "nft");
    }

    /// <summary>What kube-proxy left is replaced in one transaction.</summary>
    [SkippableFact]
    public void TheTableOfKubeProxyIsTakenOver()
    {
        string directory = RecordedCases.CaseDirectory("affinity-default");
        RuleModelSnapshot model = ModelLoader.ReadCase(directory, "nftables");
        NetworkNamespace.RunOrSkip(
            () =>
            {
                Load(File.ReadAllText(Path.Combine(directory, "nftables", "nft.txt")));
                Load(Full(model.IPv4) + Full(model.IPv6));
                IReadOnlyList<string> taken = NftTable.List("ip");
                ChildProcess.Run("nft", "", "flush", "ruleset");

                Load(Full(model.IPv4));

                NftTable.List("ip").Should().Equal(taken);
            },
            "nft");
    }

    private static void AssertEqualsFullLoad(FamilyRules rules)
    {
        IReadOnlyList<string> updated = NftTable.List(NftNames.FamilyName(rules.Family));
        IReadOnlyList<string> loaded = [];
        NetworkNamespace.Run(() =>
        {
            Load(Full(rules));
            loaded = NftTable.List(NftNames.FamilyName(rules.Family));
        });
        updated.SequenceEqual(loaded).Should().BeTrue(TextDiff.Describe(loaded, updated));
    }

    private static void Update(FamilyChange change)
    {
        NftablesRenderer.CanUpdate(change).Should().BeTrue();
        Load(Text(output => NftablesRenderer.WriteUpdate(change, NftablesOptions.Default, output)));
        Load(Text(output => NftablesRenderer.WriteCleanUp(change.After.Family, NftablesRenderer.StaleChains(change), output)));
    }

    private static void Load(string script) => ChildProcess.Run("nft", script, "-f", "-");

    private static string Full(FamilyRules rules) => Text(output => NftablesRenderer.WriteFull(rules, NftablesOptions.Default, output));

    private static string Text(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

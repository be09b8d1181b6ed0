using System.Buffers;
using System.Text;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Node.Tests.Appliers;
using KubeProxySharp.Proxy.Agent.Apply.Nftables;
using KubeProxySharp.Renderers.Nftables;
using KubeProxySharp.Renderers.Nftables.Naming;
using KubeProxySharp.Renderers.Nftables.Netlink;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>A transaction as a netlink batch leaves in the kernel what nft leaves there for the same transaction as text.</summary>
[Trait("Category", "Netns")]
public sealed class NftablesBatchTests
{
    /// <summary>The nft that loads the text and lists both tables: that of this machine, or another (newer-nft.sh).</summary>
    private static readonly string s_nft = Environment.GetEnvironmentVariable("KPS_NFT") is { Length: > 0 } path ? path : "nft";

    public static TheoryData<string, IpFamily> Recordings() => NftablesTests.Recordings();

    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void FullTransactionsOfRecordedCasesAreEqual(string name, IpFamily family)
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), "nftables")[family];
        using TwoNodes nodes = new();

        nodes.Full(rules);

        nodes.ShouldBeEqual(name);
    }

    /// <summary>All but what kube-proxy itself could not load.</summary>
    public static TheoryData<string, IpFamily> RecordedTables()
    {
        TheoryData<string, IpFamily> tables = [];
        foreach (string name in RecordedCases.Cases)
        {
            string recorded = File.ReadAllText(Path.Combine(RecordedCases.CaseDirectory(name), "nftables", "nft.txt"));
            foreach (IpFamily family in new[] { IpFamily.IPv4, IpFamily.IPv6 })
            {
                if (recorded.Contains($"table {NftNames.FamilyName(family)} kube-proxy", StringComparison.Ordinal))
                {
                    tables.Add(name, family);
                }
            }
        }

        return tables;
    }

    [SkippableTheory]
    [MemberData(nameof(RecordedTables))]
    public void KubeProxysTableIsReplacedAlike(string name, IpFamily family)
    {
        string directory = RecordedCases.CaseDirectory(name);
        string recorded = File.ReadAllText(Path.Combine(directory, "nftables", "nft.txt"));
        FamilyRules rules = ModelLoader.ReadCase(directory, "nftables")[family];
        using TwoNodes nodes = new();
        nodes.Load(recorded);

        nodes.Replace(rules);

        nodes.ShouldBeEqual(name);
    }

    [SkippableTheory]
    [InlineData(IpFamily.IPv4, 1)]
    [InlineData(IpFamily.IPv4, 2)]
    [InlineData(IpFamily.IPv4, 3)]
    [InlineData(IpFamily.IPv6, 4)]
    [InlineData(IpFamily.IPv6, 5)]
    [InlineData(IpFamily.IPv6, 6)]
    public void UpdatesOfRandomClustersAreEqual(IpFamily family, int seed)
    {
        RandomCluster cluster = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        using TwoNodes nodes = new();
        nodes.Full(builder.Current[family]);
        for (int step = 1; step <= 60; step++)
        {
            cluster.ApplyChanges(state, 1 + (step % 4));

            nodes.Update(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family]);
            if (step % 10 == 0)
            {
                nodes.ShouldBeEqual($"seed {seed}, step {step}");
            }
        }

        nodes.Replace(builder.Current[family]);
        nodes.ShouldBeEqual($"seed {seed}, replaced");
        nodes.Full(builder.Current[family]);
        nodes.ShouldBeEqual($"seed {seed}, anew");
    }

    /// <summary>Small clusters, of which there can be many: ten changes each.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void ChangesOfManyClustersAreEqual(IpFamily family)
    {
        using TwoNodes nodes = new();
        for (int seed = 0; seed < Nightly.Size(5, 500); seed++)
        {
            RandomCluster cluster = new((1000 * (int)family) + seed);
            ClusterState state = new(allowExternalIPs: true);
            cluster.ApplyChanges(state, seed % 12);
            RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
            nodes.Full(builder.Current[family]);
            nodes.ShouldBeEqual($"cluster {seed}");
            for (int change = 0; change < 10; change++)
            {
                cluster.ApplyChange(state);
                nodes.Update(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family]);
            }

            nodes.ShouldBeEqual($"cluster {seed}, changed");
        }
    }

    /// <summary>What nft prints of the table is a script that the kernel takes, and that makes the same table.</summary>
    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void TheListedTableLoadsAgain(string name, IpFamily family)
    {
        using TwoNodes nodes = new();
        nodes.Full(ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), "nftables")[family]);

        nodes.ReloadText();

        nodes.ShouldBeEqual(name);
    }

    public static TheoryData<string, IpFamily> Sequences() => RecordedSequence.All();

    [SkippableTheory]
    [MemberData(nameof(Sequences))]
    public void UpdatesOfRecordedSequencesAreEqual(string name, IpFamily family)
    {
        using TwoNodes nodes = new();
        bool isFirst = true;
        foreach ((string step, RuleModelChange change, _) in RecordedSequence.Walk(name, "nftables"))
        {
            FamilyChange part = change[family];
            if (isFirst || !NftablesRenderer.CanUpdate(part))
            {
                nodes.Full(part.After);
            }
            else
            {
                nodes.Update(part);
            }

            nodes.ShouldBeEqual(step);
            isFirst = false;
        }
    }

    /// <summary>Marks, local-traffic detectors, node port addresses, and service CIDRs that overlap, adjoin or reach the last address.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void TransactionsOfAllSettingsAreEqual(IpFamily family)
    {
        RandomCluster cluster = new(9);
        ClusterState state = new(allowExternalIPs: true);
        for (int step = 0; step < 30; step++)
        {
            cluster.ApplyChange(state);
        }

        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        using TwoNodes nodes = new();
        nodes.Full(builder.Current[family]);
        foreach (NodeSettings settings in SeveralSettings(family))
        {
            NodeSettings ipv4 = family == IpFamily.IPv4 ? settings : Nodes.IPv4;
            NodeSettings ipv6 = family == IpFamily.IPv6 ? settings : Nodes.IPv6;
            FamilyChange change = builder.Update(state.TakeChanges(), ipv4, ipv6)[family];
            if (NftablesRenderer.CanUpdate(change))
            {
                nodes.Update(change);
                nodes.ShouldBeEqual($"{settings}, updated");
            }

            nodes.Full(change.After);
            nodes.ShouldBeEqual($"{settings}");
        }
    }

    [SkippableFact]
    public void ObjectCommentsCanBeLeftOut()
    {
        using TwoNodes nodes = new(new NftablesOptions { HasObjectComments = false });

        nodes.Full(ModelLoader.ReadCase(RecordedCases.CaseDirectory("mix-50-services"), "nftables").IPv4);

        nodes.ShouldBeEqual("without comments");
    }

    /// <summary>With the sets and rules that count, and the chain that counts what is dropped.</summary>
    [SkippableTheory]
    [InlineData(IpFamily.IPv4)]
    [InlineData(IpFamily.IPv6)]
    public void TablesThatCountConnectionsAreEqual(IpFamily family)
    {
        RandomCluster cluster = new(17);
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        using TwoNodes nodes = new(new NftablesOptions { HasServiceCounters = true });
        nodes.Full(builder.Current[family]);
        for (int step = 0; step < 40; step++)
        {
            cluster.ApplyChanges(state, 2);
            nodes.Update(builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[family]);
        }

        nodes.ShouldBeEqual("updated");
        nodes.ReloadText();
        nodes.ShouldBeEqual("the listing loaded");
        nodes.Replace(builder.Current[family]);
        nodes.ShouldBeEqual("replaced");
    }

    /// <summary>Longer than a socket may send by default (net.core.wmem_default is 212,992).</summary>
    [SkippableFact]
    public void ALargeBatchIsSentAsAWhole()
    {
        using TwoNodes nodes = new();

        int length = nodes.Full(UniformCluster.Build(3000, 10).Builder.Current.IPv4);

        length.Should().BeGreaterThan(1_000_000);
        nodes.ShouldBeEqual("3,000 Services");
    }

    /// <summary>All refused messages are named, not only the first, and nothing is done.</summary>
    [SkippableFact]
    public void EachRefusedMessageIsNamedAndTheRulesStay()
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("source-ranges"), "nftables").IPv4;
        using TwoNodes nodes = new();
        nodes.Full(rules);
        NftBatch batch = new();
        NftablesRenderer.WriteCleanUp(IpFamily.IPv4, ["not-there", "reject-chain", "nor-this"], batch);

        BatchResult result = nodes.Send(batch);

        result.IsApplied.Should().BeFalse();
        result.Refusals.Select(refusal => (refusal.Sequence, refusal.Error))
            .Should().Contain((NftBatch.FirstSequence + 1, Errno.NoEntry)).And.Contain((NftBatch.FirstSequence + 3, Errno.NoEntry));
        nodes.ShouldBeEqual("after a refusal");
    }

    /// <summary>So nobody's rules are overwritten that were not there when the batch was made.</summary>
    [SkippableFact]
    public void ABatchForAnotherGenerationIsRefusedAsAWhole()
    {
        FamilyRules rules = ModelLoader.ReadCase(RecordedCases.CaseDirectory("source-ranges"), "nftables").IPv4;
        using TwoNodes nodes = new();
        nodes.Full(rules);
        NftBatch batch = new();
        NftablesRenderer.WriteFull(Samples.Model([], []).IPv4, NftablesOptions.Default, batch, generation: 4711);

        BatchResult result = nodes.Send(batch);

        result.Refusals.Select(refusal => (refusal.Sequence, refusal.Error)).Should().Equal((NftBatch.FirstSequence, Errno.Restart));
        nodes.ShouldBeEqual("after a refusal");
    }

    private static IEnumerable<NodeSettings> SeveralSettings(IpFamily family)
    {
        bool isIPv4 = family == IpFamily.IPv4;
        string[][] cidrs = isIPv4
            ? [["10.96.0.0/12"], ["10.96.0.0/13", "10.104.0.0/13"], ["10.96.0.0/12", "10.97.0.0/16", "192.0.2.1/32"], ["240.0.0.0/4", "10.0.0.0/8"], ["0.0.0.0/0", "10.96.0.0/12"], ["0.0.0.0/8", "10.96.0.0/12"]]
            : [["fd00:96::/112"], ["fd00:97::/112", "fd00:96::/112"], ["fd00:96::/112", "fd00:96::100/120"], ["ff00::/8", "fd00:96::/112"], ["::/0", "fd00:96::/112"], ["fd00:96::/69", "fd00:98::1/128"]];
        foreach (string[] some in cidrs)
        {
            yield return Nodes.Resolve(family, Nodes.Proxy) with { ServiceCidrs = [.. some.Select(IpPrefix.Parse)] };
        }

        foreach (string[] kept in (string[][])[["10.0.0.0/8", "fc00::/7"], ["10.0.0.0/9", "10.128.0.0/9", "fd00::/9", "fd80::/9"], ["192.0.2.7/32", "2001:db8::7/128", "224.0.0.0/3", "ff00::/8"]])
        {
            yield return Nodes.Resolve(family, Nodes.Proxy with { Egress = new() { NonMasqueradeCidrs = [.. kept.Select(IpPrefix.Parse)], MasqueradesLinkLocal = kept.Length == 4 } });
        }

        yield return Nodes.Resolve(family, Nodes.Proxy with { Egress = EgressPolicy.Default, DetectLocalMode = DetectLocalMode.InterfaceNamePrefix, InterfaceNamePrefix = "veth" });
        yield return Nodes.Resolve(family, Nodes.Proxy with { Egress = EgressPolicy.Default, ClusterCidr = "0.0.0.0/0,::/0" });
        string[] prefixes = isIPv4 ? ["10.244.0.0/16", "10.244.0.0/17", "10.0.0.0/8", "192.0.2.7/32", "0.0.0.0/0"] : ["fd00:244::/32", "fd00:244::/33", "fd00::/8", "2001:db8::7/128", "::/0"];
        foreach (string prefix in prefixes)
        {
            yield return Nodes.Resolve(family, Nodes.Proxy) with { LocalTraffic = LocalTrafficDetector.ByPrefix(IpPrefix.Parse(prefix)) };
        }

        yield return Nodes.Resolve(family, Nodes.Proxy) with { LocalTraffic = new(LocalTrafficKind.Interface, default, "cni0") };
        yield return Nodes.Resolve(family, Nodes.Proxy) with { LocalTraffic = new(LocalTrafficKind.InterfacePrefix, default, "veth") };
        yield return Nodes.Resolve(family, Nodes.Proxy) with { LocalTraffic = LocalTrafficDetector.None };
        yield return Nodes.Resolve(family, Nodes.Proxy with { MasqueradeAll = true });
        yield return Nodes.Resolve(family, Nodes.Proxy with { MasqueradeBit = 31 });
        yield return Nodes.Resolve(family, Nodes.Proxy with { MasqueradeBit = 0 });
        yield return Nodes.Resolve(family, Nodes.Proxy with { NodePortAddresses = ["primary"] });
        yield return Nodes.Resolve(family, Nodes.Proxy with { NodePortAddresses = ["192.0.2.0/24", "127.0.0.0/8", "2001:db8::/32"] });
    }

    /// <summary>Two namespaces: one gets transactions as batches, the other the same as text.</summary>
    private sealed class TwoNodes(NftablesOptions? options = null) : IDisposable
    {
        private readonly NftablesOptions _options = options ?? NftablesOptions.Default;
        private readonly TestNode _byBatch = TestNode.CreateOrSkip(s_nft);
        private readonly TestNode _byText = TestNode.CreateOrSkip(s_nft);
        private readonly NftBatch _batch = new();

        /// <summary>Applies a full transaction.</summary>
        /// <returns>The length of the batch.</returns>
        public int Full(FamilyRules rules)
        {
            NftablesRenderer.WriteFull(rules, _options, _batch);
            Apply(output => NftablesRenderer.WriteFull(rules, _options, output));
            return _batch.Messages.Length;
        }

        public void Replace(FamilyRules rules)
        {
            NftTableContent content = Content(_byBatch, rules.Family);
            content.BaseChains.IsEmpty.Should().BeFalse("there is a table");
            NftablesRenderer.WriteReplacement(rules, content, _options, _batch);
            Apply(output => NftablesRenderer.WriteReplacement(rules, content, _options, output));
            CleanUp(rules.Family, NftablesRenderer.UnneededChains(rules, content, _options));
        }

        public void Update(FamilyChange change)
        {
            NftablesRenderer.WriteUpdate(change, _options, _batch);
            Apply(output => NftablesRenderer.WriteUpdate(change, _options, output));
            CleanUp(change.After.Family, NftablesRenderer.StaleChains(change));
        }

        public void Load(string script)
        {
            _byText.Run(s_nft, script, "-f", "-");
            _byBatch.Run(s_nft, script, "-f", "-");
        }

        /// <summary>Replaces the rules of the second node by what nft prints of those of the first.</summary>
        public void ReloadText()
        {
            string listing = _byBatch.Run(s_nft, "", "list", "ruleset");
            _byText.Run(s_nft, "flush ruleset\n" + listing, "-f", "-");
        }

        public BatchResult Send(NftBatch batch) => _byBatch.Runner.Network.Run(() =>
        {
            using BatchConnection connection = BatchConnection.Open();
            return connection.Send(batch.Messages);
        });

        public void ShouldBeEqual(string what)
        {
            IReadOnlyList<string> byText = NftTable.Canonical(_byText.Run(s_nft, "", "-j", "list", "ruleset"));
            IReadOnlyList<string> byBatch = NftTable.Canonical(_byBatch.Run(s_nft, "", "-j", "list", "ruleset"));
            byText.Should().NotBeEmpty();
            byBatch.SequenceEqual(byText).Should().BeTrue($"{what}: {TextDiff.Describe(byText, byBatch)}");

            string[] textOfText = _byText.Run(s_nft, "", "list", "ruleset").Split('\n');
            string[] textOfBatch = _byBatch.Run(s_nft, "", "list", "ruleset").Split('\n');
            textOfBatch.SequenceEqual(textOfText).Should().BeTrue($"{what}: {TextDiff.Describe(textOfText, textOfBatch)}");
        }

        public void Dispose()
        {
            _byBatch.Dispose();
            _byText.Dispose();
        }

        private static NftTableContent Content(TestNode node, IpFamily family)
        {
            (NftTableContent? content, string error) = NftContentReader.ReadAsync(node.Runner.Network, family, CancellationToken.None).GetAwaiter().GetResult();
            return content ?? throw new InvalidOperationException(error);
        }

        private void CleanUp(IpFamily family, IReadOnlyList<string> chains)
        {
            NftablesRenderer.WriteCleanUp(family, chains, _batch);
            Apply(output => NftablesRenderer.WriteCleanUp(family, chains, output));
        }

        private void Apply(Action<IBufferWriter<byte>> write)
        {
            ArrayBufferWriter<byte> script = new();
            write(script);
            _batch.IsEmpty.Should().Be(script.WrittenCount == 0);
            if (!_batch.IsEmpty)
            {
                BatchResult result = Send(_batch);
                result.IsApplied.Should().BeTrue("errno {0}, {1}", result.Error, string.Join(", ", result.Refusals));
                _byText.Run(s_nft, Encoding.UTF8.GetString(script.WrittenSpan), "-f", "-");
            }
        }
    }
}

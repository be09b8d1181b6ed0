using System.Buffers;
using System.Text;
using KubeProxySharp.Renderers.Iptables;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Node.Tests;

/// <summary>
/// The canonical text against the real tools and the real kernel: what we print is what iptables-restore takes and
/// iptables-save gives back, byte for byte, with both variants of iptables.
/// </summary>
[Trait("Category", "Netns")]
public sealed class IptablesListingTests
{
    public static TheoryData<string, IpFamily, string> Recordings()
    {
        TheoryData<string, IpFamily, string> recordings = [];
        foreach (string name in RecordedCases.Cases)
        {
            foreach (string variant in (string[])["nft", "legacy"])
            {
                recordings.Add(name, IpFamily.IPv4, variant);
                recordings.Add(name, IpFamily.IPv6, variant);
            }
        }

        return recordings;
    }

    [SkippableTheory]
    [MemberData(nameof(Recordings))]
    public void RecordedCasesComeBackByteForByte(string name, IpFamily family, string variant)
    {
        RuleModelSnapshot model = ModelLoader.ReadCase(RecordedCases.CaseDirectory(name), "iptables");

        AssertComesBack(model[family], variant);
    }

    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public void RandomClustersComeBackByteForByte(string variant)
    {
        for (int seed = 100; seed < 115; seed++)
        {
            RandomCluster cluster = NewCluster(seed);
            RuleModelSnapshot model = Samples.Model(cluster.Services, cluster.Slices);

            AssertComesBack(model.IPv4, variant);
            AssertComesBack(model.IPv6, variant);
        }
    }

    /// <summary>Settings that no recorded case has: odd addresses, marks, prefixes that cover everything.</summary>
    [SkippableTheory]
    [InlineData("nft")]
    [InlineData("legacy")]
    public void OddSettingsComeBackByteForByte(string variant)
    {
        Service odd = Samples.LoadBalancer with
        {
            ClusterIPs = ["10.96.0.10", "::1.2.3.4"],
            IpFamilies = ["IPv4", "IPv6"],
            ExternalIPs = ["::1:2", "::ffff:203.0.113.5", "64:ff9b::1.2.3.4"],
            ExternalTrafficPolicy = "Local",
            LoadBalancerIngress = [new LoadBalancerIngress { Ip = "0:1::2:3:0:0" }],
            LoadBalancerSourceRanges = ["::1.0.0.0/104", "1:0:0:2::/64"],
            SessionAffinity = "ClientIP",
            SessionAffinityTimeoutSeconds = 86400,
        };
        EndpointSlice[] slices =
        [
            Samples.Slice(Samples.Endpoint("10.244.0.1", "ready local")),
            Samples.Slice(Samples.Endpoint("::5.6.7.8", "ready local"), Samples.Endpoint("::7")) with { Name = new("shop", "web-6"), AddressType = AddressType.IPv6 },
        ];
        ProxySettings[] several =
        [
            Nodes.Proxy with { ClusterCidr = "0.0.0.0/0,::/0", MasqueradeBit = 31 },
            Nodes.Proxy with { ClusterCidr = "10.0.0.1/32,::1.2.3.4/128", MasqueradeBit = 0, NodePortAddresses = ["127.0.0.0/8", "192.0.2.0/24", "::1/128", "2001:db8::/32"] },
            Nodes.Proxy with { DetectLocalMode = DetectLocalMode.InterfaceNamePrefix, InterfaceNamePrefix = "abcdefghijklmn" },
            Nodes.Proxy with { DetectLocalMode = DetectLocalMode.BridgeInterface, BridgeInterface = "abcdefghijklmno", MasqueradeAll = true, ConntrackTcpLiberal = true },
        ];
        foreach (ProxySettings proxy in several)
        {
            RuleModelSnapshot model = Samples.Model([odd], slices, Nodes.Resolve(IpFamily.IPv4, proxy), Nodes.Resolve(IpFamily.IPv6, proxy));

            AssertComesBack(model.IPv4, variant);
            AssertComesBack(model.IPv6, variant);
        }
    }

    /// <summary>Partial restores on a living table end where a fresh one does.</summary>
    [SkippableTheory]
    [InlineData("nft", IpFamily.IPv4)]
    [InlineData("nft", IpFamily.IPv6)]
    [InlineData("legacy", IpFamily.IPv4)]
    [InlineData("legacy", IpFamily.IPv6)]
    public void PartialRestoresEndInTheSameRules(string variant, IpFamily family)
    {
        RunWithCounters(variant, family, prefix =>
        {
            RandomCluster cluster = new(42);
            RuleModelSnapshot model = Samples.Model([], []);
            ChildProcess.Run(prefix + "-restore", Listing(model[family]));
            for (int step = 0; step < 60; step++)
            {
                cluster.Change();
                RuleModelSnapshot next = Samples.Model(cluster.Services, cluster.Slices);
                RuleModelChange change = RuleModelBuilder.Compare(model, next);
                FamilyChange part = family == IpFamily.IPv4 ? change.IPv4 : change.IPv6;
                ChildProcess.Run(prefix + "-restore", Text(output => IptablesRenderer.WritePartialRestore(part, IptablesOptions.Default, output)), "-w", "5", "--noflush", "--counters");
                model = next;
                if (step % 10 == 9)
                {
                    Tables(ChildProcess.Run(prefix + "-save", "")).Should().Equal(Tables(Listing(model[family])));
                }
            }

            foreach (int chainsPerCommit in (int[])[int.MaxValue, 7])
            {
                IptablesOptions options = IptablesOptions.Default with { ChainsPerCommit = chainsPerCommit };
                ChildProcess.Run(prefix + "-restore", Text(output => IptablesRenderer.WriteFullRestore(model[family], default, options, output)), "-w", "5", "--noflush", "--counters");
                Tables(ChildProcess.Run(prefix + "-save", "")).Should().Equal(Tables(Listing(model[family])));
            }
        });
    }

    private static void AssertComesBack(FamilyRules rules, string variant) =>
        RunWithCounters(variant, rules.Family, prefix =>
        {
            string listing = Listing(rules);

            ChildProcess.Run(prefix + "-restore", listing);

            string[] expected = Tables(listing);
            string[] actual = Tables(ChildProcess.Run(prefix + "-save", ""));
            actual.SequenceEqual(expected).Should().BeTrue(TextDiff.Describe(Lines(expected), Lines(actual)));
        });

    private static void RunWithCounters(string variant, IpFamily family, Action<string> body)
    {
        string prefix = (family == IpFamily.IPv4 ? "iptables-" : "ip6tables-") + variant;
        NetworkNamespace.RunOrSkip(
            () =>
            {
                Nfacct.CreateCounters();
                body(prefix);
            },
            prefix + "-restore",
            prefix + "-save",
            "nfacct");
    }

    private static RandomCluster NewCluster(int seed)
    {
        RandomCluster cluster = new(seed);
        for (int step = 0; step < 40; step++)
        {
            cluster.Change();
        }

        return cluster;
    }

    /// <summary>The tables without comment lines, ordered by name: the two variants print them in different orders.</summary>
    private static string[] Tables(string text)
    {
        string rules = string.Join('\n', text.Split('\n').Where(line => !line.StartsWith('#')));
        string[] tables = rules.Split("COMMIT\n", StringSplitOptions.RemoveEmptyEntries);
        Array.Sort(tables, StringComparer.Ordinal);
        return tables;
    }

    private static string[] Lines(string[] tables) => [.. tables.SelectMany(table => table.Split('\n'))];

    private static string Listing(FamilyRules rules) => Text(output => IptablesRenderer.WriteListing(rules, IptablesOptions.Default, output));

    private static string Text(Action<IBufferWriter<byte>> write)
    {
        ArrayBufferWriter<byte> output = new();
        write(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}

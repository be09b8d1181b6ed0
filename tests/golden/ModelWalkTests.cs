using KubeProxySharp.Proxy.Commands.Inputs;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Analysis.Rules;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Golden.Tests;

/// <summary>What follows from the model is what the rules do: two walks that know nothing of each other agree.</summary>
public sealed class ModelWalkTests
{
    public static TheoryData<string, string> Cases()
    {
        TheoryData<string, string> cases = [];
        foreach (string name in RecordedCases.Cases)
        {
            cases.Add(name, "iptables");
            cases.Add(name, "nftables");
        }

        return cases;
    }

    public static TheoryData<int, string> Seeds()
    {
        TheoryData<int, string> seeds = [];
        for (int seed = 0; seed < 20; seed++)
        {
            seeds.Add(seed, "iptables");
            seeds.Add(seed, "nftables");
        }

        return seeds;
    }

    [Trait("Category", "Slow")]
    [Theory]
    [MemberData(nameof(Cases))]
    public void RulesDoWhatTheModelSays(string name, string mode)
    {
        string directory = RecordedCases.CaseDirectory(name);
        Check(ModelLoader.ReadCase(directory, mode), mode, RecordedNode.Read(directory).Addresses);
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void RulesOfRandomClustersDoWhatTheModelSays(int seed, string mode)
    {
        RandomCluster random = new(seed);
        ClusterState state = new(allowExternalIPs: true);
        for (int change = 0; change < 60; change++)
        {
            random.ApplyChange(state);
        }

        ProxySettings proxy = Nodes.Proxy with
        {
            MasqueradeAll = seed % 5 == 1,
            DetectLocalMode = seed % 5 == 2 ? DetectLocalMode.InterfaceNamePrefix : DetectLocalMode.ClusterCidr,
            InterfaceNamePrefix = "veth",
            ClusterCidr = seed % 5 == 3 ? "" : Nodes.Proxy.ClusterCidr,
            NodePortAddresses = seed % 4 == 1 ? [ProxySettings.PrimaryAddresses] : seed % 4 == 2 ? ["127.0.0.0/8", "192.0.2.0/24"] : [],
            LocalhostNodePorts = mode == "iptables" && seed % 3 != 1,
            Egress = (seed % 6) switch
            {
                1 or 2 => EgressPolicy.Default,
                3 or 4 => new() { NonMasqueradeCidrs = [IpPrefix.Parse("10.244.1.0/24"), IpPrefix.Parse("198.51.100.0/24"), IpPrefix.Parse("fd00:244:1::/48")] },
                _ => null,
            },
        };
        RuleModelSnapshot model = RuleModelBuilder.Build(state, Nodes.Resolve(IpFamily.IPv4, proxy), Nodes.Resolve(IpFamily.IPv6, proxy));

        Check(model, mode, [.. Nodes.Addresses.AsSpan()]);
    }

    private static void Check(RuleModelSnapshot model, string mode, IReadOnlyCollection<IpAddress> addresses)
    {
        RuleDialect dialect = mode == "nftables" ? RuleDialect.Nftables : RuleDialect.Iptables;
        int packets = 0;
        foreach (FamilyRules family in (FamilyRules[])[model.IPv4, model.IPv6])
        {
            (int walked, IReadOnlyList<string> differences) = WalkCheck.Compare(family, RenderedRules.Of(family, mode), dialect, addresses);
            differences.Should().BeEmpty();
            packets += walked;
        }

        packets.Should().BeGreaterThan(10);
    }
}

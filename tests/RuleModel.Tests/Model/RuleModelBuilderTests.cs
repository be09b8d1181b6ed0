using FsCheck;
using FsCheck.Fluent;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.Settings;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Model;

public sealed class RuleModelBuilderTests
{
    [Fact]
    public void AnySequenceOfChangesEqualsBuildingFromScratch()
    {
        Prop.ForAll<int>(seed =>
        {
            RandomCluster cluster = new(seed);
            ClusterState state = new(allowExternalIPs: true);
            RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
            for (int step = 0; step < 40; step++)
            {
                cluster.ApplyChange(state);
                if (step % 3 != 0)
                {
                    builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
                }
            }

            RuleModelSnapshot model = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).After;
            RuleModelSnapshot scratch = Samples.Model(cluster.Services, cluster.Slices);
            return model.IPv4.HasSameContentAs(scratch.IPv4) && model.IPv6.HasSameContentAs(scratch.IPv6);
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void TheOrderOfObjectsDoesNotMatter()
    {
        Prop.ForAll<int>(seed =>
        {
            RandomCluster cluster = new(seed);
            for (int step = 0; step < 30; step++)
            {
                cluster.Change();
            }

            RuleModelSnapshot ordered = Samples.Model(cluster.Services, cluster.Slices);
            RuleModelSnapshot shuffled = Samples.Model(cluster.Shuffle(cluster.Services), cluster.Shuffle(cluster.Slices));
            return ordered.IPv4.HasSameContentAs(shuffled.IPv4) && ordered.IPv6.HasSameContentAs(shuffled.IPv6);
        }).Check(Config.QuickThrowOnFailure);
    }

    /// <summary>A change tells every port that differs, and only those.</summary>
    [Fact]
    public void TheChangeLeadsFromBeforeToAfter()
    {
        Prop.ForAll<int>(seed =>
        {
            RandomCluster cluster = new(seed);
            ClusterState state = new(allowExternalIPs: true);
            RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
            Dictionary<ServicePortName, ServicePortRules> ports = [];
            for (int step = 0; step < 40; step++)
            {
                cluster.ApplyChange(state);
                RuleModelChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);
                foreach (ServicePortChange port in change.IPv4.Ports)
                {
                    if ((port.Old is null) == ports.ContainsKey(port.Name))
                    {
                        return false;
                    }

                    ports.Remove(port.Name);
                    if (port.New is not null)
                    {
                        ports.Add(port.Name, port.New);
                    }
                }

                ServicePortRules[] actual = [.. change.After.IPv4.Services.Values.SelectMany(service => service.Ports.AsSpan().ToArray())];
                if (actual.Length != ports.Count || !Array.TrueForAll(actual, port => ports[port.Name].HasSameRulesAs(port)))
                {
                    return false;
                }
            }

            return true;
        }).Check(Config.QuickThrowOnFailure);
    }

    [Fact]
    public void UnchangedServicesAreShared()
    {
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        Service other = Samples.Service with { Name = new("shop", "other"), ClusterIPs = ["10.96.0.11"] };
        state.Set(Samples.Service, []);
        state.Set(other, []);
        RuleModelSnapshot before = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).After;

        state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1")));
        RuleModelChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);

        change.IPv4.Ports.AsSpan().ToArray().Should().ContainSingle().Which.Name.Service.Should().Be(Samples.Web);
        change.IPv6.IsEmpty.Should().BeTrue();
        change.After.IPv4.Services[other.Name].Should().BeSameAs(before.IPv4.Services[other.Name]);
    }

    [Fact]
    public void EndpointsThatNothingReachesAreNoChangeOfRules()
    {
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        state.Set(Samples.Service, []);
        state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1")));
        RuleModelSnapshot before = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).After;

        state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1"), Samples.Endpoint("10.0.0.2", "serving")));
        RuleModelChange change = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);

        change.IsEmpty.Should().BeTrue();
        change.After.IPv4.EndpointCount.Should().Be(2);
    }

    [Fact]
    public void ChangedSettingsAreReportedAndRecomputeEverything()
    {
        ClusterState state = new(allowExternalIPs: true);
        RuleModelBuilder builder = new(state, Nodes.IPv4, Nodes.IPv6);
        state.Set(Samples.Service, []);
        state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1", "ready zone=zone-a"), Samples.Endpoint("10.0.0.2", "ready zone=zone-b")));
        RuleModelSnapshot before = builder.Update(state.TakeChanges(), Nodes.IPv4, Nodes.IPv6).After;

        NodeSettings moved = Nodes.IPv4 with { Zone = "zone-b" };
        RuleModelChange change = builder.Update([], moved, Nodes.IPv6);

        change.IPv4.SettingsChanged.Should().BeTrue();
        Samples.Texts(change.After.IPv4.Services[Samples.Web].Ports[0].Endpoints.Cluster).Should().Be("10.0.0.2");
        change.IPv6.SettingsChanged.Should().BeFalse();
    }

    [Fact]
    public void FrontendsAreEnumeratedInOrder()
    {
        ServicePortRules port = Samples.Port(Samples.LoadBalancer);

        Enumerable.Range(0, port.FrontendCount).Select(index => port.FrontendAt(index)).Select(frontend => $"{frontend.Kind} {frontend.Port}")
            .Should().Equal("ClusterIP 80", "ExternalIP 80", "LoadBalancerIP 80", "NodePort 30080");
    }

    [Theory]
    [InlineData("192.0.2.0/24", true)]
    [InlineData("192.0.3.0/24", false)]
    public void SourceRangesKnowTheNode(string range, bool containsNode)
    {
        Samples.Port(Samples.LoadBalancer with { LoadBalancerSourceRanges = [range] }).NodeMayUseLoadBalancer.Should().Be(containsNode);
    }
}

using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Selection;

/// <summary>Spec 4 through the model: what kube-proxy's TestCategorizeEndpoints pins.</summary>
public sealed class EndpointSelectionTests
{
    private static readonly Service s_external = Samples.LoadBalancer;

    /// <summary>Each row: internal policy, external policy (- for none), endpoints, then cluster, local, reachable, hasEndpoints, topology.</summary>
    [Theory]
    // Conditions.
    [InlineData("Cluster", "-", "1 ready|2 ready", "1 2", "", "1 2", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 ready|2 serving", "1", "", "1", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 serving|2", "", "", "", false, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 serving terminating|2 terminating", "1", "", "1", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 ready|2 serving terminating", "1", "", "1", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 terminating", "", "", "", false, TopologyMode.None)]
    // Local policies.
    [InlineData("Local", "-", "1 ready local|2 ready", "", "1", "1", true, TopologyMode.None)]
    [InlineData("Local", "-", "1 ready|2 ready", "", "", "", true, TopologyMode.None)]
    [InlineData("Local", "-", "1|2 serving", "", "", "", false, TopologyMode.None)]
    [InlineData("Cluster", "Local", "1 ready local|2 ready", "1 2", "1", "1 2", true, TopologyMode.None)]
    [InlineData("Cluster", "Local", "1 ready|2 ready", "1 2", "", "1 2", true, TopologyMode.None)]
    [InlineData("Local", "Cluster", "1 ready local|2 ready", "1 2", "1", "1 2", true, TopologyMode.None)]
    [InlineData("Local", "Local", "1 ready local|2 ready", "1 2", "1", "1 2", true, TopologyMode.None)]
    [InlineData("Local", "Local", "1 serving terminating|2 serving terminating", "1 2", "", "1 2", true, TopologyMode.None)]
    // The fall-backs are independent: remote ready for Cluster, local terminating for Local.
    [InlineData("Cluster", "Local", "1 serving terminating local|2 ready", "2", "1", "1 2", true, TopologyMode.None)]
    // Not externally accessible: the external policy does not matter.
    [InlineData("Cluster", "unused Local", "1 ready local|2 ready", "1 2", "", "1 2", true, TopologyMode.None)]
    // Zone hints; this node is in zone-a.
    [InlineData("Cluster", "-", "1 ready zone=zone-a|2 ready zone=zone-b", "1", "", "1", true, TopologyMode.SameZone)]
    [InlineData("Cluster", "-", "1 ready zone=zone-b|2 ready zone=zone-c", "1 2", "", "1 2", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 ready zone=zone-a|2 ready", "1 2", "", "1 2", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 ready zone=zone-a|2 serving", "1", "", "1", true, TopologyMode.SameZone)]
    [InlineData("Cluster", "-", "1 serving zone=zone-a|2 ready zone=zone-b", "2", "", "2", true, TopologyMode.None)]
    [InlineData("Cluster", "-", "1 ready zone=zone-b zone=zone-a|2 ready zone=zone-b", "1", "", "1", true, TopologyMode.SameZone)]
    // Node hints before zone hints.
    [InlineData("Cluster", "-", "1 ready node=node-a zone=zone-a|2 ready node=node-b zone=zone-a", "1", "", "1", true, TopologyMode.SameNode)]
    [InlineData("Cluster", "-", "1 ready node=node-c zone=zone-a|2 ready node=node-b zone=zone-b", "1", "", "1", true, TopologyMode.SameZone)]
    [InlineData("Cluster", "-", "1 ready node=node-a zone=zone-a|2 ready zone=zone-b", "1", "", "1", true, TopologyMode.SameZone)]
    [InlineData("Cluster", "-", "1 ready node=node-a|2 ready", "1 2", "", "1 2", true, TopologyMode.None)]
    // Topology never narrows the local group, and reachable is a union.
    [InlineData("Cluster", "Local", "1 ready local zone=zone-b|2 ready zone=zone-a", "2", "1", "1 2", true, TopologyMode.SameZone)]
    // Hints are forgotten when everything is terminating.
    [InlineData("Cluster", "-", "1 serving terminating zone=zone-b", "1", "", "1", true, TopologyMode.None)]
    public void GroupsFollowPoliciesConditionsAndHints(
        string internalPolicy,
        string externalPolicy,
        string endpoints,
        string cluster,
        string local,
        string reachable,
        bool hasEndpoints,
        TopologyMode topology)
    {
        bool isExternal = externalPolicy is "Cluster" or "Local";
        Service service = (isExternal ? s_external : Samples.Service) with
        {
            InternalTrafficPolicy = internalPolicy,
            ExternalTrafficPolicy = externalPolicy == "-" ? "" : externalPolicy.Split(' ')[^1],
        };

        EndpointSelection selection = Samples.Port(service, Samples.Slice(Parse(endpoints))).Endpoints;

        Numbers(selection.Cluster).Should().Be(cluster);
        Numbers(selection.Local).Should().Be(local);
        Numbers(selection.Reachable).Should().Be(reachable);
        selection.HasEndpoints.Should().Be(hasEndpoints);
        selection.Topology.Should().Be(topology);
    }

    [Fact]
    public void ANodeWithoutZoneUsesNoZoneHints()
    {
        RuleModel.Settings.NodeSettings noZone = Nodes.IPv4 with { Zone = "" };

        EndpointSelection selection = Samples.Port(Samples.Service, noZone, Samples.Slice(Parse("1 ready zone=zone-a|2 ready zone=zone-b"))).Endpoints;

        Numbers(selection.Cluster).Should().Be("1 2");
    }

    [Fact]
    public void AnUnknownNodeHasNoLocalEndpoints()
    {
        RuleModel.Settings.NodeSettings nameless = Nodes.IPv4 with { NodeName = "" };
        Service service = Samples.Service with { InternalTrafficPolicy = "Local" };

        ServicePortRules port = Samples.Port(service, nameless, Samples.Slice(Parse("1 ready local")));

        port.Internal.Verdict.Should().Be(FrontendVerdict.Drop);
    }

    /// <summary>Spec 4.5.</summary>
    [Theory]
    [InlineData("Cluster", "Cluster", "", FrontendVerdict.Reject, FrontendVerdict.Reject)]
    [InlineData("Cluster", "Cluster", "1 ready", FrontendVerdict.Dnat, FrontendVerdict.Dnat)]
    [InlineData("Local", "Cluster", "1 ready", FrontendVerdict.Drop, FrontendVerdict.Dnat)]
    [InlineData("Cluster", "Local", "1 ready", FrontendVerdict.Dnat, FrontendVerdict.Drop)]
    [InlineData("Local", "Local", "1 ready local", FrontendVerdict.Dnat, FrontendVerdict.Dnat)]
    [InlineData("Local", "Local", "1 terminating", FrontendVerdict.Reject, FrontendVerdict.Reject)]
    public void VerdictsFollowFromTheGroups(string internalPolicy, string externalPolicy, string endpoints, FrontendVerdict internalVerdict, FrontendVerdict externalVerdict)
    {
        Service service = s_external with { InternalTrafficPolicy = internalPolicy, ExternalTrafficPolicy = externalPolicy };

        ServicePortRules port = Samples.Port(service, Samples.Slice(Parse(endpoints)));

        port.Internal.Verdict.Should().Be(internalVerdict);
        port.External.Verdict.Should().Be(externalVerdict);
    }

    [Fact]
    public void GroupsWithTheSameContentShareStorage()
    {
        EndpointSelection selection = Samples.Port(s_external with { ExternalTrafficPolicy = "Local" }, Samples.Slice(Parse("1 ready local|2 ready local"))).Endpoints;

        selection.Cluster.IsSameAs(selection.All).Should().BeTrue();
        selection.Local.IsSameAs(selection.Cluster).Should().BeTrue();
        selection.Reachable.IsSameAs(selection.Cluster).Should().BeTrue();
    }

    private static SliceEndpoint[] Parse(string endpoints) =>
        [.. endpoints.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(text => Samples.Endpoint("10.244.0." + text.Split(' ')[0], text[1..]))];

    private static string Numbers(RuleModel.Collections.EquatableArray<Endpoint> endpoints) =>
        Samples.Texts(endpoints).Replace("10.244.0.", "", StringComparison.Ordinal);
}

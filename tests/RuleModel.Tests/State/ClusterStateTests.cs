using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.State;

public sealed class ClusterStateTests
{
    private readonly ClusterState _state = new(allowExternalIPs: true);

    [Fact]
    public void ObjectsThatSayTheSameAgainChangeNothing()
    {
        _state.Set(Samples.Service, []);
        _state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1")));
        _state.TakeChanges().Should().Equal(Samples.Web);

        _state.Set(Samples.Service with { }, []);
        _state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1")));

        _state.HasChanges.Should().BeFalse();
    }

    [Fact]
    public void UnknownRemovalsChangeNothing()
    {
        _state.RemoveService(Samples.Web);
        _state.RemoveSlice(new("shop", "web-1"));

        _state.HasChanges.Should().BeFalse();
    }

    [Fact]
    public void AServiceThatBecomesHeadlessGoes()
    {
        _state.Set(Samples.Service, []);
        _state.TakeChanges();

        _state.Set(Samples.Service with { ClusterIP = "None" }, []);

        _state.ServiceCount.Should().Be(0);
        _state.TakeChanges().Should().Equal(Samples.Web);
    }

    [Fact]
    public void ASliceThatMovesToAnotherServiceLeavesTheOldOne()
    {
        EndpointSlice slice = Samples.Slice(Samples.Endpoint("10.0.0.1"));
        _state.Set(Samples.Service, []);
        _state.Set(slice);
        _state.TakeChanges();

        _state.Set(slice with { ServiceName = "other" });

        _state.TakeChanges().Should().Equal(new NamespacedName("shop", "other"), Samples.Web);
        Build().IPv4.Services[Samples.Web].Ports[0].Endpoints.HasEndpoints.Should().BeFalse();
    }

    [Fact]
    public void SlicesMayComeBeforeTheirService()
    {
        _state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1")));
        _state.Set(Samples.Service, []);

        Build().IPv4.Services[Samples.Web].Ports[0].Endpoints.HasEndpoints.Should().BeTrue();
    }

    [Fact]
    public void SlicesSurviveTheDeletionOfTheirService()
    {
        _state.Set(Samples.Slice(Samples.Endpoint("10.0.0.1")));
        _state.Set(Samples.Service, []);
        _state.RemoveService(Samples.Web);
        Build().IPv4.Services.Should().BeEmpty();

        _state.Set(Samples.Service, []);

        Build().IPv4.Services[Samples.Web].Ports[0].Endpoints.HasEndpoints.Should().BeTrue();
    }

    private RuleModelSnapshot Build() => RuleModelBuilder.Build(_state, Nodes.IPv4, Nodes.IPv6);
}

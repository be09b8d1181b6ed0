using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Model;

/// <summary>Two Services with one address, port and protocol: one of them has it, always the same one.</summary>
public sealed class FrontendConflictTests
{
    private static readonly Service s_first = Samples.Service with { Name = new("shop", "a"), ClusterIPs = ["10.96.0.1"], ExternalIPs = ["203.0.113.9"] };
    private static readonly Service s_second = s_first with { Name = new("shop", "b"), ClusterIPs = ["10.96.0.2"] };

    private readonly ClusterState _state = new(allowExternalIPs: true);
    private readonly RuleModelBuilder _builder;

    public FrontendConflictTests() => _builder = new(_state, Nodes.IPv4, Nodes.IPv6);

    [Fact]
    public void OfEqualsTheFirstNameWins()
    {
        _state.Set(s_second, []);
        _state.Set(s_first, []);
        Update();

        Owner().Should().Be("a");
        Port("b").Shadowed.AsSpan().ToArray().Should().ContainSingle().Which.Kind.Should().Be(FrontendKind.ExternalIP);
        Port("b").Owns(Port("b").FrontendAt(0)).Should().BeTrue();
    }

    [Fact]
    public void WhenTheWinnerGoesTheOtherTakesOver()
    {
        _state.Set(s_first, []);
        _state.Set(s_second, []);
        Update();

        _state.RemoveService(s_first.Name);
        RuleModelChange change = Update();

        Owner().Should().Be("b");
        change.IPv4.Ports.AsSpan().ToArray().Select(port => port.Name.Service.Name).Should().Equal("a", "b");
    }

    [Fact]
    public void AServiceWithEndpointsComesFirst()
    {
        _state.Set(s_first, []);
        _state.Set(s_second, []);
        Update();
        EndpointSlice slice = Samples.Slice(Samples.Endpoint("10.244.0.1")) with { ServiceName = "b" };

        _state.Set(slice);
        Update();
        Owner().Should().Be("b");

        _state.Set(slice with { Name = new("shop", "a-1"), ServiceName = "a" });
        Update();
        Owner().Should().Be("a");
    }

    [Fact]
    public void OtherPortsAndProtocolsAreNoConflict()
    {
        _state.Set(s_first, []);
        _state.Set(s_second with { Ports = [new ServicePort { Name = "http", Port = 80, Protocol = "UDP" }, new ServicePort { Name = "other", Port = 81 }] }, []);
        Update();

        Port("b").Shadowed.IsEmpty.Should().BeTrue();
    }

    [Fact]
    public void NodePortsConflictByPortAlone()
    {
        _state.Set(s_first with { ExternalIPs = [], Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30080 }] }, []);
        _state.Set(s_second with { ExternalIPs = [], Ports = [new ServicePort { Name = "http", Port = 80, NodePort = 30080 }] }, []);
        Update();

        Port("b").Shadowed.AsSpan().ToArray().Should().ContainSingle().Which.Kind.Should().Be(FrontendKind.NodePort);
    }

    [Fact]
    public void AnAddressThatIsExternalAndBalancerIPAtOnceIsNoConflict()
    {
        _state.Set(s_first with { Type = "LoadBalancer", LoadBalancerIngress = [new LoadBalancerIngress { Ip = "203.0.113.9" }] }, []);
        Update();

        Port("a").Shadowed.IsEmpty.Should().BeTrue();
        Port("a").IsRepeated(2).Should().BeTrue();
        Port("a").IsRepeated(1).Should().BeFalse();
    }

    [Fact]
    public void ThreeClaimantsTakeTurns()
    {
        Service third = s_second with { Name = new("shop", "c"), ClusterIPs = ["10.96.0.3"] };
        _state.Set(third, []);
        _state.Set(s_second, []);
        _state.Set(s_first, []);
        Update();
        _state.RemoveService(s_second.Name);
        Update();
        Owner().Should().Be("a");
        _state.RemoveService(s_first.Name);
        Update();
        Owner().Should().Be("c");
        _state.Set(s_second, []);
        Update();
        Owner().Should().Be("b");
    }

    /// <summary>Thousands of Services on one address cost what thousands of Services cost, and no more per change.</summary>
    [Fact]
    public void AChangeAmongManyClaimantsTouchesFew()
    {
        for (int number = 0; number < 3000; number++)
        {
            _state.Set(s_first with { Name = new("shop", $"s{number:d4}"), ClusterIPs = [$"10.97.{number / 256}.{number % 256}"] }, []);
        }

        Update();
        _state.RemoveService(new("shop", "s0000"));

        Update().IPv4.Ports.AsSpan().ToArray().Select(port => port.Name.Service.Name).Should().Equal("s0000", "s0001");
    }

    private RuleModelChange Update() => _builder.Update(_state.TakeChanges(), Nodes.IPv4, Nodes.IPv6);

    private ServicePortRules Port(string service) => _builder.Current.IPv4.Services[new("shop", service)].Ports[0];

    private string Owner()
    {
        string[] owners = [.. _builder.Current.IPv4.Services.Values.Where(service => service.Ports[0].Shadowed.IsEmpty).Select(service => service.Name.Name)];
        return owners.Should().ContainSingle().Subject;
    }
}

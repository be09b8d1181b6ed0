using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.Testing;

namespace KubeProxySharp.RuleModel.Tests.Selection;

/// <summary>Spec 3.3 to 3.6: what kube-proxy's endpointslicecache_test pins.</summary>
public sealed class EndpointMergingTests
{
    [Fact]
    public void SlicesOfAServiceAreJoined()
    {
        Merge(Named("web-1", Samples.Endpoint("10.0.0.1")), Named("web-2", Samples.Endpoint("10.0.0.2"))).Should().Equal("10.0.0.1:8080", "10.0.0.2:8080");
    }

    [Fact]
    public void EndpointsComeInTheOrderOfTheirTexts()
    {
        Merge(Named("web-1", Samples.Endpoint("10.0.1.1"), Samples.Endpoint("10.0.1.10"), Samples.Endpoint("10.0.0.9")))
            .Should().Equal("10.0.0.9:8080", "10.0.1.10:8080", "10.0.1.1:8080");
    }

    [Fact]
    public void OtherPortNamesProtocolsFamiliesAndServicesDoNotCount()
    {
        EndpointSlice good = Named("web-1", Samples.Endpoint("10.0.0.1"));
        Merge(
            good,
            good with { Name = new("shop", "web-2"), Ports = [new SlicePort("https", TransportProtocol.Tcp, 8443)], Endpoints = [Samples.Endpoint("10.0.0.2")] },
            good with { Name = new("shop", "web-3"), Ports = [new SlicePort("http", TransportProtocol.Udp, 8080)], Endpoints = [Samples.Endpoint("10.0.0.3")] },
            good with { Name = new("shop", "web-4"), AddressType = AddressType.IPv6, Endpoints = [Samples.Endpoint("fd00::1")] },
            good with { Name = new("shop", "web-5"), ServiceName = "other", Endpoints = [Samples.Endpoint("10.0.0.5")] },
            good with { Name = new("else", "web-6"), Endpoints = [Samples.Endpoint("10.0.0.6")] },
            good with { Name = new("shop", "web-7"), ServiceName = "", Endpoints = [Samples.Endpoint("10.0.0.7")] },
            good with { Name = new("shop", "web-8"), IsHeadless = true, Endpoints = [Samples.Endpoint("10.0.0.8")] },
            good with { Name = new("shop", "web-9"), Ports = [new SlicePort("http", TransportProtocol.Tcp, 0)], Endpoints = [Samples.Endpoint("10.0.0.9")] },
            good with { Name = new("shop", "web-a"), Ports = [new SlicePort(null, TransportProtocol.Tcp, 8080)], Endpoints = [Samples.Endpoint("10.0.0.10")] })
            .Should().Equal("10.0.0.1:8080");
    }

    [Fact]
    public void OneAddressWithTwoPortNumbersIsTwoEndpoints()
    {
        EndpointSlice first = Named("web-1", Samples.Endpoint("10.0.0.1"));
        EndpointSlice second = first with { Name = new("shop", "web-2"), Ports = [new SlicePort("http", TransportProtocol.Tcp, 9090)] };

        Merge(first, second).Should().Equal("10.0.0.1:8080", "10.0.0.1:9090");
    }

    [Theory]
    [InlineData("serving terminating", "ready", false)]
    [InlineData("ready", "serving terminating", false)]
    [InlineData("serving terminating", "terminating", true)]
    [InlineData("ready", "serving", false)]
    public void OfDuplicatesTheOneThatStaysWins(string first, string second, bool isTerminating)
    {
        ServicePortRules port = Samples.Port(
            Samples.Service,
            Named("web-1", Samples.Endpoint("10.0.0.1", first)),
            Named("web-2", Samples.Endpoint("10.0.0.1", second)));

        port.Endpoints.All.Length.Should().Be(1);
        port.Endpoints.All[0].IsTerminating.Should().Be(isTerminating);
    }

    private static EndpointSlice Named(string name, params SliceEndpoint[] endpoints) => Samples.Slice(endpoints) with { Name = new("shop", name) };

    private static string[] Merge(params EndpointSlice[] slices) =>
        [.. Samples.Port(Samples.Service, slices).Endpoints.All.AsSpan().ToArray().Select(endpoint => endpoint.Target.ToString())];
}

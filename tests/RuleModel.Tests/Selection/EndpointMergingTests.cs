using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.Selection;
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

    /// <summary>What the issue shows: kube-proxy takes the last of those that are not terminating, and refuses the Service in one order of two.</summary>
    [Theory]
    [InlineData("ready serving", "", "ready serving")]
    [InlineData("ready serving", "serving", "ready serving")]
    [InlineData("ready serving", "serving terminating", "ready serving")]
    [InlineData("ready serving", "terminating", "ready serving")]
    [InlineData("ready serving terminating", "serving", "ready serving terminating")]
    [InlineData("serving terminating", "serving", "serving terminating")]
    [InlineData("serving terminating", "", "serving terminating")]
    [InlineData("serving terminating", "terminating", "serving terminating")]
    public void OfDuplicatesAReadyOneWinsThenServingAndTerminating(string better, string worse, string expected)
    {
        SliceEndpoint first = Samples.Endpoint("10.0.0.1", better);
        SliceEndpoint second = Samples.Endpoint("10.0.0.1", worse);
        foreach ((SliceEndpoint one, SliceEndpoint other) in (ReadOnlySpan<(SliceEndpoint, SliceEndpoint)>)[(first, second), (second, first)])
        {
            Only(Named("web-1", one), Named("web-2", other)).Conditions.Should().Be(Samples.Endpoint("10.0.0.1", expected).Conditions);
            Only(Named("web-1", one, other)).Conditions.Should().Be(Samples.Endpoint("10.0.0.1", expected).Conditions);
        }
    }

    [Fact]
    public void TheOrderOfSlicesNamesAndEndpointsDecidesNothing()
    {
        string[] conditions = ["", "ready", "serving", "terminating", "ready serving", "ready terminating", "serving terminating", "ready serving terminating"];
        Random random = new(20261128);
        for (int round = 0; round < 500; round++)
        {
            SliceEndpoint[] endpoints =
            [
                .. Enumerable.Range(0, random.Next(2, 12)).Select(_ => Samples.Endpoint($"10.0.0.{random.Next(1, 4)}", conditions[random.Next(conditions.Length)]) with
                {
                    NodeName = random.Next(2) == 0 ? RandomCluster.NodeName : "node-z",
                    ZoneHints = random.Next(3) switch { 0 => default, 1 => ["a"], _ => ["b"] },
                    NodeHints = random.Next(3) switch { 0 => default, 1 => [RandomCluster.NodeName], _ => ["node-z", RandomCluster.NodeName] },
                }),
            ];
            EndpointSelection expected = Samples.Port(Samples.Service, Named("web-1", endpoints)).Endpoints;

            for (int order = 0; order < 5; order++)
            {
                random.Shuffle(endpoints);
                int cut = random.Next(endpoints.Length + 1);
                EndpointSlice[] slices = [Named($"web-{random.Next(5)}", endpoints[..cut]), Named($"web-{random.Next(5, 9)}", endpoints[cut..])];
                random.Shuffle(slices);
                Samples.Port(Samples.Service, slices).Endpoints.Should().Be(expected, $"of round {round}");
            }
        }
    }

    private static Endpoint Only(params EndpointSlice[] slices) => Samples.Port(Samples.Service, slices).Endpoints.All.AsSpan().ToArray().Should().ContainSingle().Subject;

    private static EndpointSlice Named(string name, params SliceEndpoint[] endpoints) => Samples.Slice(endpoints) with { Name = new("shop", name) };

    private static string[] Merge(params EndpointSlice[] slices) =>
        [.. Samples.Port(Samples.Service, slices).Endpoints.All.AsSpan().ToArray().Select(endpoint => endpoint.Target.ToString())];
}

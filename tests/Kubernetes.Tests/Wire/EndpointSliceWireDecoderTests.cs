using KubeProxySharp.Kubernetes.Wire;
using KubeProxySharp.RuleModel.Inputs;

namespace KubeProxySharp.Kubernetes.Tests.Wire;

public sealed class EndpointSliceWireDecoderTests
{
    private readonly NameTable _names;
    private readonly EndpointSliceWireDecoder _decoder;

    public EndpointSliceWireDecoderTests()
    {
        Utf8StringPool pool = new();
        _names = new(pool);
        _decoder = new(pool);
    }

    [Fact]
    public void FieldsMayComeInAnyOrder()
    {
        WireWriter type = new WireWriter().Text(4, "IPv6");
        WireWriter endpoint = new WireWriter().Nested(2, Endpoint("fd00::1"));
        WireWriter header = new WireWriter().Nested(1, Messages.Header("a", "1"));

        EndpointSlice usual = Decode(header, endpoint, type);

        usual.Endpoints.Length.Should().Be(1);
        Decode(type, endpoint, header).Should().Be(usual);
        Decode(endpoint, header, type).Should().Be(usual);
    }

    [Fact]
    public void EndpointsWithoutAUsableAddressAreLeftOut()
    {
        EndpointSlice slice = Decode(
            new WireWriter().Nested(1, Messages.Header("a", "1")),
            new WireWriter().Nested(2, Endpoint("10.0.0.1")),
            new WireWriter().Nested(2, Endpoint("fd00::1")),
            new WireWriter().Nested(2, Endpoint("nonsense")),
            new WireWriter().Nested(2, new WireWriter()),
            new WireWriter().Text(4, "IPv4"));

        slice.Endpoints.AsSpan().ToArray().Select(endpoint => endpoint.Address.ToString()).Should().Equal("10.0.0.1");
        slice.Problems.AsSpan().ToArray().Select(problem => problem.ToString()).Should().Equal(
            "EndpointSlice shop/a: endpoints[1].addresses[0] \"fd00::1\" is not an IPv4 address; the endpoint is left out",
            "EndpointSlice shop/a: endpoints[2].addresses[0] \"nonsense\" is not an IPv4 address; the endpoint is left out",
            "EndpointSlice shop/a: endpoints[3] has no addresses; the endpoint is left out");
    }

    [Fact]
    public void PortsThatNoServiceCanHaveAreLeftOut()
    {
        EndpointSlice slice = Decode(
            new WireWriter().Nested(1, Messages.Header("a", "1")),
            new WireWriter().Nested(3, new WireWriter().Text(1, "w").Text(2, "TCP").Number(3, 8080)),
            new WireWriter().Nested(3, new WireWriter().Text(1, "x").Text(2, "ICMP").Number(3, 8080)),
            new WireWriter().Nested(3, new WireWriter().Text(1, "y").Text(2, "UDP").Number(3, 70000)),
            new WireWriter().Text(4, "IPv4"));

        slice.Ports.AsSpan().ToArray().Select(port => port.Name).Should().Equal("w");
        slice.Problems.AsSpan().ToArray().Select(problem => problem.ToString()).Should().Equal(
            "EndpointSlice shop/a: ports[1].protocol \"ICMP\" is not TCP, UDP or SCTP; the port is left out",
            "EndpointSlice shop/a: ports[2].port 70000 is not between 1 and 65535; the port is left out");
    }

    [Fact]
    public void AnUnknownAddressTypeMakesNoEndpoints()
    {
        EndpointSlice slice = Decode(
            new WireWriter().Nested(1, Messages.Header("a", "1")),
            new WireWriter().Nested(2, Endpoint("10.0.0.1")),
            new WireWriter().Text(4, "FQDN"));

        slice.AddressType.Should().Be(AddressType.Other);
        slice.Endpoints.IsEmpty.Should().BeTrue();
    }

    [Fact]
    public void MoreEndpointsThanAnyServerAdmitsAreRefused()
    {
        WireWriter slice = new WireWriter().Nested(1, Messages.Header("a", "1")).Text(4, "IPv4");
        for (int index = 0; index <= WireLimits.MaxElements; index++)
        {
            slice.Nested(2, Endpoint("10.0.0.1"));
        }

        Action act = () => _decoder.Decode(slice.Message.Span, _names);

        act.Should().Throw<WireException>();
    }

    [Fact]
    public void WhatIsNotReadCostsNoMemory()
    {
        byte[] lean = Encoded(extra: 0);
        byte[] rich = Encoded(extra: 2000);
        rich.Length.Should().BeGreaterThan(lean.Length * 20);

        AllocatedBy(rich).Should().Be(AllocatedBy(lean));
    }

    [Fact]
    public void ASliceOfTenEndpointsCostsLittleMoreThanItsEndpoints()
    {
        // Ten endpoints of 48 bytes, the array's and the record's headers and fields.
        AllocatedBy(Encoded(extra: 0)).Should().BeLessThan(750);
    }

    private static WireWriter Endpoint(string address) => new WireWriter().Text(1, address);

    private static byte[] Encoded(int extra)
    {
        WireWriter padding = new WireWriter().Text(1, new string('x', extra));
        WireWriter slice = new WireWriter().Nested(1, Messages.Header("a", "1").Nested(17, padding)).Text(4, "IPv4");
        for (int index = 0; index < 10; index++)
        {
            slice.Nested(2, Endpoint($"10.0.0.{index}").Nested(4, padding).Nested(5, padding).Text(6, "node-a").Text(7, new string('z', extra)));
        }

        return slice.Message.ToArray();
    }

    private long AllocatedBy(byte[] message)
    {
        // The first time fills the pool; then the name is known.
        _names.Mark(_decoder.Decode(message, _names).Name);
        // The least of several times: a collection meanwhile takes the rest of the thread's piece of the heap, which counts.
        long least = long.MaxValue;
        for (int count = 0; count < 5; count++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            EndpointSlice slice = _decoder.Decode(message, _names);
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
            slice.Endpoints.Length.Should().Be(10);
        }

        return least;
    }

    private EndpointSlice Decode(params WireWriter[] parts) =>
        _decoder.Decode(parts.SelectMany(part => part.Message.ToArray()).ToArray(), _names);
}

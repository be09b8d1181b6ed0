using KubeProxySharp.Proxy.Commands.Replay;
using KubeProxySharp.RuleModel.Addresses;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Model;
using KubeProxySharp.RuleModel.State;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Proxy.Tests.Commands.Replay;

public sealed class UpdateCheckTests
{
    private readonly ClusterState _state = new(allowExternalIPs: true);
    private readonly RuleModelBuilder _builder;

    public UpdateCheckTests() => _builder = new(_state, Nodes.IPv4, Nodes.IPv6);

    /// <summary>The first rules, and those of a model that was built anew, are written as a whole.</summary>
    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void WhatIsWrittenAsAWholeIsFull(string mode)
    {
        UpdateCheck check = new(mode);

        check.Follow(Change("10.244.1.5"), isFromScratch: false).Should().Be(new UpdateResult(UpdateKind.Full, ""));
        check.Follow(Change("10.244.1.6"), isFromScratch: false).Should().Be(new UpdateResult(UpdateKind.Update, ""));
        check.Follow(Change("10.244.1.6"), isFromScratch: false).Should().Be(new UpdateResult(UpdateKind.None, ""));
        check.Follow(Change("10.244.1.7"), isFromScratch: true).Should().Be(new UpdateResult(UpdateKind.Full, ""));
        check.Follow(Change("10.244.1.8"), isFromScratch: false).Should().Be(new UpdateResult(UpdateKind.Update, ""));
    }

    /// <summary>The update after a wrong one is an update all the same, and is checked on its own.</summary>
    [Theory]
    [InlineData("nftables")]
    [InlineData("iptables")]
    public void AnUpdateAfterAWrongOneIsChecked(string mode)
    {
        UpdateCheck check = new(mode);
        check.Follow(Change("10.244.1.5"), isFromScratch: false);

        UpdateResult wrong = check.Follow(WithoutZebra(Change("10.244.1.6")), isFromScratch: false);
        UpdateResult sound = check.Follow(Change("10.244.1.7"), isFromScratch: false);
        UpdateResult wrongAgain = check.Follow(WithoutZebra(Change("10.244.1.8")), isFromScratch: false);
        UpdateResult second = check.Follow(WithoutZebra(Change("10.244.1.9")), isFromScratch: false);

        wrong.Kind.Should().Be(UpdateKind.Update);
        wrong.Difference.Should().NotBeEmpty();
        sound.Should().Be(new UpdateResult(UpdateKind.Update, ""));
        wrongAgain.Difference.Should().NotBeEmpty();
        second.Difference.Should().NotBeEmpty();
    }

    /// <summary>Two Services get an endpoint each.</summary>
    private FamilyChange Change(string endpoint)
    {
        Service other = Samples.Service with { Name = new("shop", "zebra"), ClusterIP = "10.96.0.99", ClusterIPs = ["10.96.0.99"] };
        EndpointSlice slice = Samples.Slice(Samples.Endpoint(endpoint));
        _state.Set(Samples.Service, []);
        _state.Set(other, []);
        _state.Set(slice);
        _state.Set(slice with { Name = new("shop", "zebra-1"), ServiceName = other.Name.Name });
        return _builder.Update(_state.TakeChanges(), Nodes.IPv4, Nodes.IPv6)[IpFamily.IPv4];
    }

    /// <summary>The change as a model would give it that missed a Service.</summary>
    private static FamilyChange WithoutZebra(FamilyChange change) =>
        change with { Ports = [.. change.Ports.AsSpan().ToArray().Where(static port => port.Name.Service.Name != "zebra")] };
}

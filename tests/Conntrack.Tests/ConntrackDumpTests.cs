using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Tests.Netlink;
using KubeProxySharp.Conntrack.Tests.Wire;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Addresses;

namespace KubeProxySharp.Conntrack.Tests;

/// <summary>What a listing makes of answers that real kernels give in bad moments only.</summary>
public sealed class ConntrackDumpTests
{
    private const ushort Interrupted = NetlinkHeader.DumpInterrupted | 2;
    private static readonly byte[] s_ipv4 = FlowMessage.Build();
    private static readonly byte[] s_ipv6 = FlowMessage.Build(IpFamily.IPv6);

    [Fact]
    public void AListingThatMissedNothingIsWhole()
    {
        using FakeKernel kernel = new(request => [FakeKernel.Flow(request, s_ipv4), [.. FakeKernel.Flow(request, s_ipv6), .. FakeKernel.Done(request)]]);

        Read(kernel.Table, ConntrackFilter.All, out ConntrackDump dump).Select(flow => flow.Family).Should().Equal(IpFamily.IPv4, IpFamily.IPv6);

        dump.IsInterrupted.Should().BeFalse();
    }

    /// <summary>NLM_F_DUMP_INTR is on every message after the change, or on the last one alone.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AnInterruptedListingSaysSo(bool isOnFlow)
    {
        using FakeKernel kernel = new(request =>
            [FakeKernel.Flow(request, s_ipv4, isOnFlow ? Interrupted : (ushort)2), FakeKernel.Message(NetlinkHeader.Done, request.Sequence, new byte[4], isOnFlow ? (ushort)2 : Interrupted)]);

        Read(kernel.Table, ConntrackFilter.All, out ConntrackDump dump).Should().ContainSingle();

        dump.IsInterrupted.Should().BeTrue();
    }

    [Fact]
    public void AListingThatEndsWithInterruptionSaysSo()
    {
        using FakeKernel kernel = new(request => [FakeKernel.Flow(request, s_ipv4), FakeKernel.Done(request, 4)]);

        Read(kernel.Table, ConntrackFilter.All, out ConntrackDump dump).Should().ContainSingle();

        dump.IsInterrupted.Should().BeTrue();
    }

    [Fact]
    public void AnOverrunCountsAsInterruption()
    {
        using FakeKernel kernel = new(request => [FakeKernel.Message(NetlinkHeader.Overrun, request.Sequence, []), FakeKernel.Done(request)]);

        Read(kernel.Table, ConntrackFilter.All, out ConntrackDump dump).Should().BeEmpty();

        dump.IsInterrupted.Should().BeTrue();
    }

    /// <summary>Kernels that do not know a filter refuse the request, or end the listing with the refusal.</summary>
    [Theory]
    [InlineData(22, true)]
    [InlineData(22, false)]
    [InlineData(95, true)]
    public void WhatTheKernelCannotFilterIsFilteredHere(int refusal, bool isError)
    {
        using FakeKernel kernel = new(request => request.Has(AttributeType.Filter)
            ? [isError ? FakeKernel.Error(request, refusal) : FakeKernel.Done(request, refusal)]
            : [FakeKernel.Flow(request, s_ipv4), FakeKernel.Flow(request, FlowMessage.Build(protocol: 17)), FakeKernel.Done(request)]);

        Read(kernel.Table, new() { Family = IpFamily.IPv4, Protocol = 17 }, out ConntrackDump dump).Should().ContainSingle().Which.Protocol.Should().Be(17);

        dump.PassedOver.Should().Be(1);
        kernel.Requests.Select(request => request.Has(AttributeType.Filter)).Should().Equal(true, false);
    }

    [Fact]
    public void ARefusalThatIsNotAboutTheFilterIsNotTriedAgain()
    {
        using FakeKernel kernel = new(request => [FakeKernel.Error(request, 1)]);

        Failure(kernel, new() { Family = IpFamily.IPv4, Protocol = 17 }).Failure.Should().Be(NetlinkFailure.NotPermitted);
        kernel.Requests.Should().ContainSingle();
    }

    [Fact]
    public void AKernelWithoutConntrackNetlinkIsTold()
    {
        using FakeKernel kernel = new(request => [FakeKernel.Error(request, 22)]);

        Failure(kernel, ConntrackFilter.All).Message.Should().Contain("modprobe nf_conntrack_netlink");
        kernel.Requests.Should().HaveCount(2, "it could have been the filter");
    }

    [Fact]
    public void AnswersToOthersArePassedOver()
    {
        using FakeKernel kernel = new(request =>
            [FakeKernel.Message(MessageType.New, request.Sequence - 1, s_ipv6), FakeKernel.Message(NetlinkHeader.Done, request.Sequence - 1, new byte[4]), FakeKernel.Flow(request, s_ipv4), FakeKernel.Done(request)]);

        Read(kernel.Table, ConntrackFilter.All, out _).Should().ContainSingle().Which.Family.Should().Be(IpFamily.IPv4);
    }

    [Fact]
    public void ADatagramThatDoesNotFitIsAnError()
    {
        using FakeKernel kernel = new(request => [new byte[70_000], FakeKernel.Done(request)]);

        Failure(kernel, ConntrackFilter.All).Failure.Should().Be(NetlinkFailure.MalformedMessage);
    }

    [Fact]
    public void AMessageThatIsCutOffIsAnError()
    {
        using FakeKernel kernel = new(request => [FakeKernel.Flow(request, s_ipv4)[..60], FakeKernel.Done(request)]);

        Failure(kernel, ConntrackFilter.All).Failure.Should().Be(NetlinkFailure.MalformedMessage);
    }

    [Fact]
    public void AKernelThatDoesNotAnswerIsGivenUp()
    {
        using FakeKernel kernel = new(_ => []);

        Failure(kernel, ConntrackFilter.All).Failure.Should().Be(NetlinkFailure.NoAnswer);
    }

    /// <summary>The same thread reads ten times as many flows, and allocates not one byte more.</summary>
    [Fact]
    public void FlowsAllocateNothing()
    {
        int count = 0;
        using FakeKernel kernel = new(request =>
        {
            byte[] flow = FakeKernel.Flow(request, s_ipv4);
            byte[] datagram = [.. Enumerable.Repeat(flow, 100).SelectMany(bytes => bytes)];
            return [.. Enumerable.Repeat(datagram, count), FakeKernel.Done(request)];
        });
        Allocated(1);

        long few = Allocated(10);
        Allocated(100).Should().Be(few);

        long Allocated(int datagrams)
        {
            count = datagrams;
            long before = GC.GetAllocatedBytesForCurrentThread();
            int flows = 0;
            using (ConntrackDump dump = kernel.Table.Dump(ConntrackFilter.All))
            {
                while (dump.MoveNext())
                {
                    flows++;
                }
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            flows.Should().Be(100 * datagrams);
            return allocated;
        }
    }

    private static List<ConntrackEntry> Read(ConntrackTable table, ConntrackFilter filter, out ConntrackDump dump)
    {
        List<ConntrackEntry> flows = [];
        dump = table.Dump(filter);
        using (dump)
        {
            while (dump.MoveNext())
            {
                flows.Add(dump.Current);
            }
        }

        return flows;
    }

    private static NetlinkException Failure(FakeKernel kernel, ConntrackFilter filter)
    {
        Action read = () => Read(kernel.Table, filter, out _);
        return read.Should().Throw<NetlinkException>().Which;
    }
}

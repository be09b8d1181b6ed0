using KubeProxySharp.Conntrack.Flows;
using KubeProxySharp.Conntrack.Netlink;
using KubeProxySharp.Conntrack.Stale;
using KubeProxySharp.Conntrack.Tests.Netlink;
using KubeProxySharp.Conntrack.Tests.Wire;
using KubeProxySharp.Conntrack.Wire;
using KubeProxySharp.RuleModel.Inputs;
using KubeProxySharp.RuleModel.Selection;
using KubeProxySharp.Testing;

namespace KubeProxySharp.Conntrack.Tests.Stale;

/// <summary>What a pass does when the table is not any more what the listing said.</summary>
public sealed class FlowCleanUpTests
{
    private const string Live = "10.244.1.5";
    private const string Gone = "10.244.1.9";
    private const uint Id = 7;

    private readonly StaleFlows _staleFlows = new(Samples.Model(
        [Samples.Service with { Ports = [new ServicePort { Name = "http", Port = 80, Protocol = "UDP" }] }],
        [Samples.Slice(Samples.Endpoint(Live)) with { Ports = [new SlicePort("http", TransportProtocol.Udp, 8080)] }]));

    [Fact]
    public void AStaleFlowIsLookedUpAndThenDeletedById()
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, 0)],
        });

        FlowCleanUpResult result = Run(kernel);

        result.Deleted.NonZero().Should().Equal((FlowVerdict.EndpointGone, TransportProtocol.Udp, 1L));
        kernel.Requests.Select(request => request.Type).Should().Equal(MessageType.Get, MessageType.Get, MessageType.Delete);
        FakeRequest delete = kernel.Requests[^1];
        delete.Has(AttributeType.TupleOriginal).Should().BeTrue();
        delete.Has(AttributeType.Id).Should().BeTrue("another flow with the same tuple must not go instead");
    }

    [Theory]
    [InlineData("ended")]
    [InlineData("another with the same tuple")]
    [InlineData("moved to a live endpoint")]
    public void AFlowThatIsNotStaleAnyMoreStays(string what)
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            { Type: MessageType.Get } when what == "ended" => [FakeKernel.Error(request, 2)],
            { Type: MessageType.Get } => [what.StartsWith("another", StringComparison.Ordinal) ? Flow(request, Gone, Id + 1) : Flow(request, Live)],
            _ => [FakeKernel.Error(request, 0)],
        });

        FlowCleanUpResult result = Run(kernel);

        (result.Stale.Total, result.Deleted.Total, result.AlreadyGone, result.Failed).Should().Be((1L, 0L, 1L, 0L));
        kernel.Requests.Should().NotContain(request => request.Type == MessageType.Delete);
    }

    [Fact]
    public void AFlowThatEndsBetweenLookAndDeletionIsNoFailure()
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, 2)],
        });

        FlowCleanUpResult result = Run(kernel);

        (result.Deleted.Total, result.AlreadyGone, result.Failed).Should().Be((0L, 1L, 0L));
    }

    /// <summary>A flow that hardware forwards is busy; the others go.</summary>
    [Fact]
    public void ARefusalDoesNotSaveTheOthers()
    {
        int deletions = 0;
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => [Flow(request, Gone), Flow(request, Gone), FakeKernel.Done(request)],
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, ++deletions == 1 ? 16 : 0)],
        });

        FlowCleanUpResult result = Run(kernel);

        (result.Deleted.Total, result.Failed).Should().Be((1L, 1L));
        result.FirstFailure.Should().Contain("errno 16");
    }

    [Fact]
    public void MissingRightsEndThePass()
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, 1)],
        });

        Action run = () => Run(kernel);

        run.Should().Throw<NetlinkException>().Which.Failure.Should().Be(NetlinkFailure.NotPermitted);
    }

    /// <summary>As often as kube-proxy does it; then the next pass is for what was missed.</summary>
    [Theory]
    [InlineData(2, true, 3)]
    [InlineData(100, false, FlowCleanUp.MaxAttempts)]
    public void AnInterruptedListingIsRepeated(int interruptions, bool isComplete, int listings)
    {
        int left = interruptions;
        using FakeKernel kernel = new(request => [FakeKernel.Done(request, left-- > 0 ? 4 : 0)]);

        Run(kernel).IsComplete.Should().Be(isComplete);

        kernel.Requests.Should().HaveCount(listings);
    }

    /// <summary>Frontends that went away are known until a pass saw the whole table.</summary>
    [Fact]
    public void AnIncompletePassForgetsNothing()
    {
        bool isInterrupted = true;
        using FakeKernel kernel = new(request => [FakeKernel.Done(request, isInterrupted ? 4 : 0)]);
        _staleFlows.Update(Samples.Model([], []));
        _staleFlows.GoneFrontendCount.Should().BePositive();

        Run(kernel);
        _staleFlows.GoneFrontendCount.Should().BePositive();

        isInterrupted = false;
        Run(kernel);
        _staleFlows.GoneFrontendCount.Should().Be(0);
    }

    [Fact]
    public void TheCallerHasTheLastWord()
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            _ => [Flow(request, Gone)],
        });

        (FlowCleanUpResult result, int questions, _) = Walk(new FlowCleanUp(kernel.Table, _staleFlows, TimeProvider.System), mayDelete: false);

        (result.Postponed, result.Deleted.Total, questions).Should().Be((1L, 0L, 1));
    }

    /// <summary>The kernel interrupts the first listings; what they found and what is met again is one flow.</summary>
    [Fact]
    public void WhatIsListedAgainCountsOnce()
    {
        int listings = 0;
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => [Flow(request, Gone), Flow(request, Live), FakeKernel.Done(request, ++listings < 4 ? 4 : 0)],
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, listings < 3 ? 16 : 0)],
        });

        FlowCleanUpResult result = Run(kernel);

        // Refused twice, deleted at the third listing; the fourth meets another one with the same tuple, which is deleted too.
        (result.Stale.Total, result.Deleted.Total, result.Failed).Should().Be((2L, 2L, 0L));
    }

    [Fact]
    public void APostponedFlowCountsOnceHoweverOftenItIsListed()
    {
        int listings = 0;
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => [Flow(request, Gone), FakeKernel.Done(request, ++listings < 3 ? 4 : 0)],
            _ => [Flow(request, Gone)],
        });

        (FlowCleanUpResult result, _, _) = Walk(new FlowCleanUp(kernel.Table, _staleFlows, TimeProvider.System), mayDelete: false);

        (result.Stale.Total, result.Postponed).Should().Be((1L, 1L));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(2, 0)]
    [InlineData(16, 0)]
    public void DeleteReturnsWhetherTheFlowWasDeleted(int error, int deleted)
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, error)],
        });

        (_, int questions, int deletions) = Walk(new FlowCleanUp(kernel.Table, _staleFlows, TimeProvider.System), mayDelete: true);

        (questions, deletions).Should().Be((1, deleted));
    }

    /// <summary>Flows that were listed before the change may be of frontends that went away with it.</summary>
    [Fact]
    public void APassDuringWhichRulesChangeForgetsNothing()
    {
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => Listing(request),
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, 0)],
        });
        FlowCleanUp cleanUp = new(kernel.Table, _staleFlows, TimeProvider.System);

        foreach (ConntrackEntry listed in cleanUp.Walk(CancellationToken.None))
        {
            _staleFlows.Update(Samples.Model([], []));
            cleanUp.Delete(listed, cleanUp.Recheck(listed, out _));
        }

        _staleFlows.GoneFrontendCount.Should().BePositive();
    }

    [Fact]
    public void WhatAPassDidBeforeItFailedIsKnown()
    {
        int deletions = 0;
        using FakeKernel kernel = new(request => request switch
        {
            { IsDump: true } => [Flow(request, Gone), Flow(request, Gone), FakeKernel.Done(request)],
            { Type: MessageType.Get } => [Flow(request, Gone)],
            _ => [FakeKernel.Error(request, ++deletions == 1 ? 0 : 1)],
        });
        FlowCleanUp cleanUp = new(kernel.Table, _staleFlows, TimeProvider.System);

        Action run = () => cleanUp.Run(CancellationToken.None);

        run.Should().Throw<NetlinkException>();
        cleanUp.Latest.Deleted.Total.Should().Be(1);
    }

    private static IEnumerable<byte[]> Listing(FakeRequest request) => [Flow(request, Gone), Flow(request, Live), FakeKernel.Done(request)];

    private static byte[] Flow(FakeRequest request, string server, uint id = Id) =>
        FakeKernel.Flow(request, FlowMessage.Build(protocol: 17, server: server, id: id));

    private FlowCleanUpResult Run(FakeKernel kernel) => new FlowCleanUp(kernel.Table, _staleFlows, TimeProvider.System).Run(CancellationToken.None);

    /// <summary>As the agent makes a pass: each flow is checked again, and then postponed or deleted.</summary>
    private static (FlowCleanUpResult Result, int Questions, int Deletions) Walk(FlowCleanUp cleanUp, bool mayDelete)
    {
        int questions = 0;
        int deletions = 0;
        foreach (ConntrackEntry listed in cleanUp.Walk(CancellationToken.None))
        {
            FlowVerdict verdict = cleanUp.Recheck(listed, out ConntrackEntry current);
            if (!verdict.IsStale())
            {
                continue;
            }

            questions++;
            if (!mayDelete)
            {
                cleanUp.Postpone();
            }
            else if (cleanUp.Delete(current, verdict))
            {
                deletions++;
            }
        }

        return (cleanUp.Latest, questions, deletions);
    }
}
